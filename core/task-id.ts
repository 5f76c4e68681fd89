// The id of a task as a branded string; a file of its own, since failures name tasks and tasks can fail.

export type TaskId = string & { readonly __brand: 'task' };
