// Puts the boots of an older store into the groups of this SynOS. What a run was stays as it is: its document and its digest are not
// touched, only the key by which its boots are found.
import type { DatabaseSync } from 'node:sqlite';
import { type StoredRun, seriesGroup } from './run.ts';

/** Inside the transaction of the migration. */
export function regroup(database: DatabaseSync, appendOnly: (table: string) => string): void {
  database.exec('DROP TRIGGER boots_no_update; DROP TRIGGER boots_no_delete');
  const update = database.prepare('UPDATE boots SET comparison_group = ? WHERE run = ? AND position = ?');
  for (const row of database.prepare('SELECT ordinal, document FROM runs').iterate()) {
    const run = documentOf(String(row['document']));
    run?.boots.forEach((boot, position) => {
      update.run(seriesGroup(boot, run), row['ordinal'] ?? 0, position);
    });
  }
  // Of a run whose document is damaged nothing can be read, and reading it says so; its old key must not stop the list of groups.
  const old = database
    .prepare("SELECT id, comparison_group AS old FROM boots WHERE comparison_group LIKE '[%'")
    .all();
  for (const { id, old: text } of old) {
    const [machine, accelerator, exact, host] = JSON.parse(String(text)) as unknown[];
    const group = { machine, accelerator, exact, host, compiler: '', commandLine: '', description: '' };
    database
      .prepare('UPDATE boots SET comparison_group = ? WHERE id = ?')
      .run(JSON.stringify(group), id ?? 0);
  }
  database.exec(appendOnly('boots'));
}

function documentOf(text: string): StoredRun | undefined {
  try {
    return JSON.parse(text) as StoredRun;
  } catch {
    return undefined;
  }
}
