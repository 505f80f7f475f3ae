// Machines of clouds, by the metadata services that they offer to what runs on them.

import { type Detector, type Found, type Surroundings, Undetected } from './detector.js'

/** Bytes of an answer; they are a few kilobytes. */
const MAX_BYTES = 1 << 20

/** The text at a path; undefined where there is none. */
async function ask(
  { http }: Surroundings, method: 'GET' | 'PUT', url: string, headers: { readonly [name: string]: string },
): Promise<string | undefined> {
  const response = await http({ method, url, headers, maxBytes: MAX_BYTES })
  if (response.status === 404) return undefined
  if (response.status !== 200) throw new Undetected(`${url}: status ${response.status}`)
  return response.body.toString().trim()
}

/** The texts in a document of JSON. Throws Undetected. */
function textsIn(document: string | undefined, url: string): ReadonlyMap<string, string> {
  try {
    const json: unknown = JSON.parse(document ?? '')
    if (typeof json === 'object' && json !== null) {
      return new Map(Object.entries(json).filter((pair): pair is [string, string] => typeof pair[1] === 'string'))
    }
  } catch {
    // Told below.
  }
  throw new Undetected(`${url}: expected a document of JSON`)
}

/** Version 2 of the instance metadata service: a token first. */
export const ec2: Detector = async (around) => {
  const base = around.services.ec2
  const token = await ask(around, 'PUT', `${base}/latest/api/token`, { 'x-aws-ec2-metadata-token-ttl-seconds': '60' })
  if (token === undefined) throw new Undetected(`${base}: gives no token`)
  const headers = { 'x-aws-ec2-metadata-token': token }
  const url = `${base}/latest/dynamic/instance-identity/document`
  const document = textsIn(await ask(around, 'GET', url, headers), url)
  return {
    'cloud.provider': 'aws',
    'cloud.platform': 'aws_ec2',
    'cloud.account.id': document.get('accountId'),
    'cloud.region': document.get('region'),
    'cloud.availability_zone': document.get('availabilityZone'),
    'host.id': document.get('instanceId'),
    'host.image.id': document.get('imageId'),
    'host.type': document.get('instanceType'),
    'host.name': await ask(around, 'GET', `${base}/latest/meta-data/hostname`, headers),
  }
}

export const gcp: Detector = async (around) => {
  const base = `${around.services.gcp}/computeMetadata/v1`
  const get = (path: string) => ask(around, 'GET', `${base}/${path}`, { 'metadata-flavor': 'Google' })
  const project = await get('project/project-id')
  if (project === undefined) throw new Undetected(`${around.services.gcp}: knows no project`)
  // Each by itself: the number of an instance is more than a number of JSON holds.
  const [id, name, hostname, zonePath, typePath, cluster] = await Promise.all(
    ['id', 'name', 'hostname', 'zone', 'machine-type', 'attributes/cluster-name'].map((name) => get(`instance/${name}`)),
  )
  const zone = zonePath?.split('/').at(-1)
  const found: Found = {
    'cloud.provider': 'gcp',
    'cloud.platform': cluster === undefined ? 'gcp_compute_engine' : 'gcp_kubernetes_engine',
    'cloud.account.id': project,
    'cloud.availability_zone': zone,
    'cloud.region': zone?.replace(/-[^-]*$/, ''),
    'host.id': id,
    'host.name': name,
    'host.type': typePath?.split('/').at(-1),
    'gcp.gce.instance.name': name,
    'gcp.gce.instance.hostname': hostname,
    'k8s.cluster.name': cluster,
  }
  return found
}

export const azure: Detector = async (around) => {
  const url = `${around.services.azure}/metadata/instance/compute?api-version=2021-12-13&format=json`
  const compute = textsIn(await ask(around, 'GET', url, { metadata: 'true' }), url)
  return {
    'cloud.provider': 'azure',
    'cloud.platform': 'azure_vm',
    'cloud.account.id': compute.get('subscriptionId'),
    'cloud.region': compute.get('location'),
    'cloud.availability_zone': compute.get('zone'),
    'host.id': compute.get('vmId'),
    'host.name': compute.get('name'),
    'host.type': compute.get('vmSize'),
    'azure.vm.name': compute.get('name'),
    'azure.vm.size': compute.get('vmSize'),
    'azure.vm.scaleset.name': compute.get('vmScaleSetName'),
    'azure.resourcegroup.name': compute.get('resourceGroupName'),
  }
}
