// The bill of an image as CycloneDX 1.6 (ECMA-424). The same image gives the same text.
import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import { type Digest, digestOf } from '../../core/digest.ts';
import { type Bill, type BillPackage, person } from './bill.ts';

const { ComponentType, ExternalReferenceType, HashAlgorithm } = Enums;
type Component = Models.Component;

export function cycloneDx(bill: Bill, version: string): string {
  const { image, sha256 } = bill;
  const bom = new Models.Bom({
    serialNumber: `urn:uuid:${uuidOf(digestOf(`cyclonedx ${sha256} ${version}`))}`,
  });
  const whole = new Models.Component(ComponentType.OperatingSystem, image.name, {
    bomRef: `image:${sha256}`,
    version: sha256.slice(0, 12),
    hashes: hash(sha256),
  });
  bom.metadata.timestamp = new Date(image.epoch * 1000);
  bom.metadata.component = whole;
  bom.metadata.tools.tools.add(new Models.Tool({ vendor: 'SynOS', name: 'synos', version }));
  const packages = new Map(bill.packages.map((row) => [row.name, packageOf(row)]));
  for (const row of bill.packages)
    for (const need of row.needs) {
      const needed = packages.get(need);
      if (needed) packages.get(row.name)?.dependencies.add(needed.bomRef);
    }
  for (const component of packages.values()) bom.components.add(component);
  for (const name of bill.roots) whole.dependencies.add((packages.get(name) as Component).bomRef);
  for (const component of [...partsOf(bill), ...looseOf(bill)]) {
    bom.components.add(component);
    if (component.type !== ComponentType.File) whole.dependencies.add(component.bomRef);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 1 })}\n`;
}

const hash = (digest: Digest): Models.HashDictionary =>
  new Models.HashDictionary([[HashAlgorithm['SHA-256'], digest]]);

/** Version 8 of RFC 9562, for what is made of a digest. */
export function uuidOf(digest: Digest): string {
  const variant = ((Number.parseInt(digest[16] ?? '0', 16) & 3) | 8).toString(16);
  const parts = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    variant + digest.slice(17, 20),
  ];
  return `${parts.join('-')}-${digest.slice(20, 32)}`;
}

function packageOf(row: BillPackage): Component {
  const component = new Models.Component(ComponentType.Library, row.name, {
    bomRef: row.purl,
    version: row.version,
    purl: row.purl,
    ...(row.summary === undefined ? {} : { description: row.summary }),
    ...(row.locked ? { hashes: hash(row.locked.sha256) } : {}),
  });
  if (row.maintainer !== undefined) {
    const { name, email } = person(row.maintainer);
    const contact = new Models.OrganizationalContact({ name, ...(email === undefined ? {} : { email }) });
    component.supplier = new Models.OrganizationalEntity({ name });
    component.supplier.contact.add(contact);
  }
  addLicences(component, row);
  if (row.url !== undefined)
    component.externalReferences.add(
      new Models.ExternalReference(row.url, ExternalReferenceType.Distribution),
    );
  if (row.homepage !== undefined)
    component.externalReferences.add(
      new Models.ExternalReference(row.homepage, ExternalReferenceType.Website),
    );
  const properties: [string, string | undefined][] = [
    ['source', `${row.source} ${row.sourceVersion}`],
    ['section', row.section],
    ['why', row.locked?.why],
    ['group', row.locked?.group],
  ];
  for (const [name, value] of properties)
    if (value !== undefined) component.properties.add(new Models.Property(`synos:${name}`, value));
  return component;
}

// An expression cannot hold texts; the evidence for it can.
function addLicences(component: Component, { licences }: BillPackage): void {
  if (!licences) return;
  component.licenses.add(new Models.LicenseExpression(licences.expression));
  if (licences.texts.length === 0) return;
  component.evidence = new Models.ComponentEvidence();
  for (const { id, text } of licences.texts)
    component.evidence.licenses.add(new Models.NamedLicense(id, { text: new Models.Attachment(text) }));
}

// What the machine runs before and beside the packages.
function partsOf({ parts }: Bill): Component[] {
  const types: { readonly [path: string]: Enums.ComponentType } = {
    '/boot/synos.elf': ComponentType.OperatingSystem,
    '/live/vmlinuz': ComponentType.OperatingSystem,
    '/boot/grub/core.img': ComponentType.Firmware,
  };
  return parts.map(
    ({ path, sha256 }) =>
      new Models.Component(types[path] ?? ComponentType.Data, path, {
        bomRef: `part:${path}`,
        version: sha256.slice(0, 12),
        hashes: hash(sha256),
      }),
  );
}

function looseOf({ loose }: Bill): Component[] {
  return loose.map(
    ({ path, sha256, layer }) =>
      new Models.Component(ComponentType.File, path, {
        bomRef: `file:${path}`,
        ...(sha256 === null ? {} : { hashes: hash(sha256) }),
        ...(layer === null
          ? {}
          : { properties: new Models.PropertyRepository([new Models.Property('synos:layer', layer)]) }),
      }),
  );
}
