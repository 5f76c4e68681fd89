// Where SynOS keeps what is the user's and not one project's. May be deleted at any time.
import { homedir } from 'node:os';
import { join } from 'node:path';

export function userCache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'synos');
}
