// GitLab's code quality report: findings that have a place. https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
import { digestOf } from '../../../core/digest.ts';
import type { Finding } from './document.ts';

const severity = { error: 'major', warning: 'minor', notice: 'info' } as const;

export function codeQuality(findings: readonly Finding[]): object[] {
  return findings.flatMap(({ level, kind, title, message, file, line }) =>
    file === null
      ? []
      : [
          {
            description: `${title}: ${message}`,
            check_name: `synos-${kind}`,
            fingerprint: digestOf(`${kind} ${title} ${message} ${file}`),
            severity: severity[level],
            location: { path: file, lines: { begin: line ?? 1 } },
          },
        ],
  );
}
