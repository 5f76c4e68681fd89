// Which image a command is asked to look into.
import { resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { Flags } from './flags.ts';
import { layersOf, outOf } from './session.ts';

/** Absolute; without a name what `synos build` made last. */
export function imageNamed(flags: Flags, name: string | undefined): string {
  return name === undefined ? outOf(loadConfig(layersOf(flags)).tree) : resolve(flags.directory, name);
}
