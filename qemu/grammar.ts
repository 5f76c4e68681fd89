// Grammars that a machine's schema and the check of a boot task's parameters share.

/** A file: relative to the project or absolute, never upwards, without control characters. */
export const mediaPath = /^(?!(?:[\s\S]*\/)?\.\.(?:\/|$))\P{Cc}{1,1000}$/u;

/** A CPU feature that is switched on or off. */
export const cpuFeature = /^[+-][a-z0-9][a-z0-9._-]{0,39}$/;

/** A machine of the configuration, or a cell of a matrix: a machine and what the matrix varies. */
export const machineName = /^[a-z][a-z0-9-]{0,31}(?:\+[a-z0-9]{1,16}){0,4}$/;

/** When a fault comes, and the text of a line that it waits for. */
export const faultTime = /^(?:\d{1,5}(?:\.\d{1,3})?s|\d{1,8}ms)$/;
export const faultLine = /^\P{Cc}{1,200}$/u;
