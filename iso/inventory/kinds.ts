// What a file of an image is for, by its path, and what of it can be left out.
import type { ManifestEntry } from '../manifest.ts';

type Kind = { readonly name: string; readonly is: RegExp; readonly exclude?: readonly string[] };

// The first that fits. `exclude`: few people miss it in a live system, and nothing that runs needs it.
const kinds: readonly Kind[] = [
  { name: 'licences', is: /^\/usr\/share\/(?:doc\/[^/]+\/copyright$|common-licenses\/)/ },
  {
    name: 'manual pages in other languages',
    is: /^\/usr\/share\/man\/(?!man)/,
    exclude: ['/usr/share/man/[a-l]*', '/usr/share/man/[n-z]*', '/usr/share/man/m[b-z]*'],
  },
  {
    name: 'manual pages',
    is: /^\/usr\/share\/(?:man|info)\//,
    exclude: ['/usr/share/man/*', '/usr/share/info/*'],
  },
  {
    name: 'documentation',
    is: /^\/usr\/share\/(?:doc|gtk-doc|help|doc-base)\//,
    exclude: ['/usr/share/doc/*'],
  },
  { name: 'translations', is: /^\/usr\/share\/locale\//, exclude: ['/usr/share/locale/*'] },
  { name: 'locale definitions', is: /^\/usr\/(?:share\/i18n|lib\/locale)\// },
  {
    name: 'Python byte code',
    is: /\.pyc$/,
    exclude: ['/usr/lib/python3/*/__pycache__/*', '/usr/lib/python3.*/__pycache__/*'],
  },
  {
    name: 'tests of Python libraries',
    is: /^\/usr\/lib\/python3[^/]*\/.*\/tests?\//,
    exclude: ['/usr/lib/python3/dist-packages/*/tests/*'],
  },
  { name: 'Python', is: /^\/usr\/(?:lib|share)\/python3|\.py$/ },
  { name: 'Perl', is: /^\/usr\/(?:share|lib(?:\/[^/]+)?)\/perl/ },
  { name: 'kernel modules', is: /^\/usr\/lib\/modules\// },
  { name: 'kernel and boot loader', is: /^\/boot\// },
  { name: 'firmware', is: /^\/usr\/lib\/firmware\// },
  { name: 'headers', is: /^\/usr\/(?:lib\/[^/]+\/)?include\//, exclude: ['/usr/include/*'] },
  { name: 'static libraries', is: /^\/usr\/lib\/.*\.a$/, exclude: ['/usr/lib/*.a'] },
  { name: 'shared libraries', is: /\.so(?:\.[0-9.]+)?$/ },
  { name: 'programs', is: /^\/usr\/(?:bin|sbin|games|libexec|local\/s?bin)\// },
  { name: 'package database', is: /^\/var\/(?:lib\/(?:dpkg|apt|debconf)|cache\/debconf)\// },
  { name: 'configuration', is: /^\/etc\// },
];

const others: Kind = { name: 'other data', is: /^/ };

export function kindOf({ path }: Pick<ManifestEntry, 'path'>): Kind {
  return kinds.find(({ is }) => is.test(path)) ?? others;
}
