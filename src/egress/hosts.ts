/** Normalises a host for comparisons: lower case, an IPv6 address without brackets, a name without trailing dots. */
export const plainHost = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.+$/, '');

/** True for the names that RFC 6761, section 6.3, reserves for the machine itself. */
export const isLocalhost = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost');

/** The names under which clouds offer their metadata. Their addresses are refused too; a name needs no look-up. */
const METADATA_NAMES = new Set([
  'metadata.google.internal',
  'metadata.goog',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.tencentyun.com',
  'api.metadata.cloud.ibm.com',
]);

/** True if the name is one of a cloud's metadata service. */
export const isMetadataName = (name: string): boolean => METADATA_NAMES.has(name);
