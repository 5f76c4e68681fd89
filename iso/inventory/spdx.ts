// The bill of an image as SPDX 2.3 in JSON. The same image gives the same text.
import { digestOf } from '../../core/digest.ts';
import type { JsonObject } from '../../core/json.ts';
import { type Bill, type BillPackage, person } from './bill.ts';
import type { ImagePart } from './image.ts';

const imageId = 'SPDXRef-Image';

export function spdx(bill: Bill, version: string): string {
  const { image, sha256 } = bill;
  const ids = new Map(bill.packages.map(({ name }) => [name, `SPDXRef-Package-${idOf(name)}`]));
  const document: JsonObject = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: image.name,
    // Not to be fetched, only to be unlike any other (6.5).
    documentNamespace: `https://spdx.org/spdxdocs/synos-${digestOf(`spdx ${sha256} ${version}`)}`,
    creationInfo: {
      created: new Date(image.epoch * 1000).toISOString().replace('.000Z', 'Z'),
      creators: [`Tool: synos-${version}`],
    },
    documentDescribes: [imageId],
    packages: [
      imageOf(bill),
      ...bill.parts.map(partOf),
      ...bill.packages.map((row) => packageOf(row, ids.get(row.name) as string)),
    ],
    hasExtractedLicensingInfos: bill.texts.map(({ id, name, text }) => ({
      licenseId: id,
      name,
      extractedText: text,
    })),
    relationships: relationshipsOf(bill, ids),
  };
  return `${JSON.stringify(document, null, 1)}\n`;
}

/** Letters, digits, `.` and `-` are all that an identifier may have: `libstdc++6` is told from another by a digest. */
function idOf(name: string): string {
  const clean = name.replace(/[^A-Za-z0-9.-]/g, '-');
  return clean === name ? name : `${clean}-${digestOf(name).slice(0, 8)}`;
}

const partId = ({ path }: ImagePart): string => `SPDXRef-Part-${idOf(path.slice(1))}`;

const unstated = {
  licenseConcluded: 'NOASSERTION',
  copyrightText: 'NOASSERTION',
  filesAnalyzed: false,
} as const;

function imageOf({ image, sha256, loose }: Bill): JsonObject {
  return {
    SPDXID: imageId,
    name: image.name,
    versionInfo: sha256.slice(0, 12),
    packageFileName: image.name,
    downloadLocation: 'NOASSERTION',
    ...unstated,
    licenseDeclared: 'NOASSERTION',
    checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }],
    primaryPackagePurpose: 'OPERATING-SYSTEM',
    // A file of SPDX 2.3 has a SHA-1, which nothing here is known by; CycloneDX has the list.
    comment: `${loose.length} files of its root file system are of no package; they were written by configuration`,
  };
}

function partOf(part: ImagePart): JsonObject {
  return {
    SPDXID: partId(part),
    name: part.path,
    packageFileName: part.path,
    downloadLocation: 'NOASSERTION',
    ...unstated,
    licenseDeclared: 'NOASSERTION',
    checksums: [{ algorithm: 'SHA256', checksumValue: part.sha256 }],
    primaryPackagePurpose: 'FILE',
  };
}

function packageOf(row: BillPackage, id: string): JsonObject {
  const { maintainer, locked, url, homepage, summary, licences } = row;
  return {
    SPDXID: id,
    name: row.name,
    versionInfo: row.version,
    ...(locked ? { packageFileName: locked.path.slice(locked.path.lastIndexOf('/') + 1) } : {}),
    ...(maintainer === undefined ? {} : { supplier: supplierOf(maintainer) }),
    downloadLocation: url ?? 'NOASSERTION',
    ...(homepage !== undefined && URL.canParse(homepage) ? { homepage } : {}),
    ...unstated,
    licenseDeclared: licences?.expression ?? 'NOASSERTION',
    ...(locked ? { checksums: [{ algorithm: 'SHA256', checksumValue: locked.sha256 }] } : {}),
    sourceInfo: `built from source package ${row.source} ${row.sourceVersion}`,
    ...(summary === undefined ? {} : { summary }),
    primaryPackagePurpose: 'LIBRARY',
    externalRefs: [
      { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: row.purl },
    ],
  };
}

function supplierOf(maintainer: string): string {
  const { name, email } = person(maintainer);
  return `Organization: ${name}${email === undefined ? '' : ` (${email})`}`;
}

function relationshipsOf(bill: Bill, ids: ReadonlyMap<string, string>): JsonObject[] {
  const relation = (from: string, relationshipType: string, to: string): JsonObject => ({
    spdxElementId: from,
    relationshipType,
    relatedSpdxElement: to,
  });
  const contained = [...bill.parts.map(partId), ...ids.values()];
  return [
    relation('SPDXRef-DOCUMENT', 'DESCRIBES', imageId),
    ...contained.map((id) => relation(imageId, 'CONTAINS', id)),
    ...bill.packages.flatMap(({ name, needs }) =>
      needs.map((need) => relation(ids.get(name) as string, 'DEPENDS_ON', ids.get(need) as string)),
    ),
  ];
}
