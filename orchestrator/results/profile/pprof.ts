// A profile for pprof: gzipped protocol buffers (profile.proto of github.com/google/pprof).
import { gzipSync } from 'node:zlib';
import {
  Function as FunctionEntry,
  Line,
  Location,
  Profile as Pprof,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format';
import type { Profile } from '../../../core/profile.ts';
import { pathsOf } from './paths.ts';

/** The same bytes for the same profile: nothing of the time of day is in it. */
export function pprofOf(profile: Profile): Buffer {
  const texts = new StringTable();
  const value = (type: string): ValueType =>
    new ValueType({ type: texts.dedup(type), unit: texts.dedup('count') });
  // Its numbers start at 1.
  const functions = profile.functions.map(
    ({ name, file, line }, index) =>
      new FunctionEntry({
        id: index + 1,
        name: texts.dedup(name),
        systemName: texts.dedup(name),
        filename: texts.dedup(file ?? ''),
        startLine: line ?? 0,
      }),
  );
  const locations = profile.functions.map(
    ({ line }, index) =>
      new Location({ id: index + 1, line: [new Line({ functionId: index + 1, line: line ?? 0 })] }),
  );
  const samples = pathsOf(profile).map(
    ({ functions: path, self, calls }) =>
      new Sample({ locationId: path.map((at) => at + 1).reverse(), value: [self, calls] }),
  );
  const made = new Pprof({
    sampleType: [value('instructions'), value('calls')],
    sample: samples,
    location: locations,
    function: functions,
    defaultSampleType: texts.dedup('instructions'),
    comment: profile.notes.map((note) => texts.dedup(note)),
    stringTable: texts,
  });
  return gzipSync(made.encode());
}
