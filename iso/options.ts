// The `iso` section of the configuration: what the image is made of, and where its packages come from.
import { z } from 'zod';
import { defaultPackages } from './packages.ts';

/** Debian Policy 5.6.1: at least two characters, lower-case letters, digits and `+ - .`, and no option of a command by its start. */
const packageName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9+.-]{1,127}$/, 'not a Debian package name (lower-case letters, digits, + - .)');

// No credentials, no query, no fragment: what stands here is written into the lock and into logs.
const mirrorUrl = z
  .string()
  .max(200)
  .regex(
    /^https?:\/\/[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]{1,5})?(?:\/[a-zA-Z0-9][a-zA-Z0-9._~+-]*)*$/,
    'not a mirror: http(s)://host/path without a slash at the end',
  );

// Debian's own two have settings of their own.
const reserved = ['debian', 'security'];

// A suite below dists/, or a folder with a slash at the end for an archive without dists/ (a flat one).
const suite = z
  .string()
  .regex(
    /^(?:[a-z][a-zA-Z0-9._-]*(?:\/[a-zA-Z][a-zA-Z0-9._-]*)*|\.\/|(?:[a-zA-Z0-9][a-zA-Z0-9._-]*\/)+)$/,
    'not a suite: a name below dists/, or a folder with a slash at its end, as ./',
  );

const keyring = z
  .string()
  .max(200)
  .regex(
    /^\/?(?:[A-Za-z0-9_+-][A-Za-z0-9._+-]*\/)*[A-Za-z0-9_+-][A-Za-z0-9._+-]*\.(?:gpg|pgp|asc)$/,
    'not a keyring: a .gpg, .pgp or .asc file by its absolute path, or one of the project',
  );

const word = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'a lower-case word');

const repository = z.strictObject({
  mirror: z
    .array(mirrorUrl)
    .min(1)
    .max(8)
    .describe('Mirrors of the repository; the next is asked when one fails.'),
  suites: z.array(suite).min(1).max(8).describe('Its suites; `./` or another folder for a flat repository.'),
  components: z
    .array(z.string().regex(/^[a-z][a-z0-9/-]{0,31}$/, 'not a component'))
    .min(1)
    .max(16)
    .default(['main'])
    .describe('Its components; a flat repository has none.'),
  keyring: keyring.describe(
    'Keys with which its indexes must be signed: an absolute path, or a file of the project.',
  ),
  packages: z
    .array(packageName)
    .max(1000)
    .default([])
    .describe(
      'Packages that come from here even where Debian has them; what they need follows where Debian cannot meet it.',
    ),
  priority: z
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe(
      'Lets all of its packages compete, as a pin of apt (Debian has 500; at the same priority the newer version wins). Without it: only what is named here, what a list names and Debian lacks, and what those need.',
    ),
});

const packageList = z
  .array(packageName)
  .max(1000)
  .superRefine((names, context) => {
    for (const [index, name] of names.entries())
      if (names.indexOf(name) < index)
        context.addIssue({ code: 'custom', path: [index], message: `${name} stands twice in this list` });
  });

export const imageFormats = ['iso', 'disk', 'squashfs', 'tar', 'oci-layout'] as const;

export const isoOptions = z.strictObject({
  suite: word.default('bookworm').describe('Release of Debian, by code name.'),
  architecture: z.enum(['amd64']).default('amd64').describe('Architecture of the packages.'),
  mirror: z
    .array(mirrorUrl)
    .min(1)
    .max(8)
    .default(['http://deb.debian.org/debian', 'http://ftp.debian.org/debian'])
    .describe('Mirrors of the archive; the next is asked when one fails.'),
  securityMirror: z
    .array(mirrorUrl)
    .max(8)
    .default(['http://deb.debian.org/debian-security', 'http://security.debian.org/debian-security'])
    .describe('Mirrors of the security archive; empty: no security updates.'),
  keyring: z
    .string()
    .regex(/^\/[A-Za-z0-9/._+-]+$/, 'an absolute path')
    .default('/usr/share/keyrings/debian-archive-keyring.gpg')
    .describe('Keys with which the indexes of the archive must be signed.'),
  packages: z
    .record(word, packageList)
    .default(Object.fromEntries(Object.entries(defaultPackages).map(([name, list]) => [name, [...list]])))
    .describe(
      'Named lists of packages; all of them are installed, with what they depend on. Their order is that of the layers of the image.',
    ),
  repositories: z
    .record(
      word.refine(
        (name) => !reserved.includes(name),
        'debian and security are the names of iso.mirror and iso.securityMirror',
      ),
      repository,
    )
    .default({})
    .describe('Archives beside Debian, by names of your own: backports, a vendor, your own packages.'),
  lock: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, 'a file name')
    .default('synos.lock')
    .describe('File in the project folder that holds exact versions and digests.'),
  formats: z
    .array(z.enum(imageFormats))
    .min(1)
    .max(imageFormats.length)
    .default(['iso'])
    .describe(
      'What `synos build iso` makes: the ISO, a disk, or the root file system alone as a squashfs, a tar archive or a container image.',
    ),
  volume: z
    .string()
    .regex(/^[A-Z0-9_]{1,32}$/, 'up to 32 of A-Z 0-9 _ (ISO 9660 d-characters)')
    .default('SYNOS')
    .describe('Volume label of the image.'),
  timestamp: z
    .union([z.literal('lock'), z.int().min(0).max(0xffffffff)])
    .default('lock')
    .describe('Time that no file of the image is newer than: of the lock, or seconds since 1970.'),
  compression: z
    .int()
    .min(1)
    .max(22)
    .default(3)
    .describe('Level of zstd for the live file system: 3 builds fast, 19 makes a small image.'),
  commandLine: z
    .string()
    .max(1024)
    .regex(/^[A-Za-z0-9 ._:=,@/+-]*$/, 'letters, digits and . _ : = , @ / + -')
    .default('')
    .describe('Command line of the SynOS kernel in the first menu entry.'),
  menuSeconds: z
    .int()
    .min(0)
    .max(600)
    .default(0)
    .describe(
      'Seconds that the boot menu waits; with 0 it shows only to who holds Shift while a BIOS starts.',
    ),
});

export type IsoOptions = z.output<typeof isoOptions>;
