// A file for https://www.speedscope.app, in its own format (file-format-spec.ts of its sources).
import type { Profile } from '../../../core/profile.ts';
import { pathsOf } from './paths.ts';

export function speedscopeOf(profile: Profile, exporter: string): string {
  const frames = profile.functions.map(({ name, file, line }) => ({
    name,
    ...(file === null ? {} : { file }),
    ...(line === null ? {} : { line }),
  }));
  const paths = pathsOf(profile);
  return `${JSON.stringify({
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    name: `${profile.machine}, instructions`,
    exporter,
    activeProfileIndex: 0,
    shared: { frames },
    profiles: [
      {
        ...{ type: 'sampled', name: `${profile.machine}, instructions`, unit: 'none' },
        ...{ startValue: 0, endValue: profile.total },
        samples: paths.map(({ functions }) => functions),
        weights: paths.map(({ self }) => self),
      },
    ],
  })}\n`;
}
