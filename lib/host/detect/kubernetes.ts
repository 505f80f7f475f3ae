// The pod that the process runs in, by what the downward API put into its environment and files.

import { type Detector, type Found, type Surroundings, Undetected } from './detector.js'

/** Attributes, the environment variables that they usually come by, and the file of the downward API. */
const SOURCES: readonly (readonly [attribute: string, variables: readonly string[], file?: string])[] = [
  ['k8s.pod.name', ['K8S_POD_NAME', 'POD_NAME', 'OTEL_RESOURCE_ATTRIBUTES_POD_NAME'], 'name'],
  ['k8s.namespace.name', ['K8S_NAMESPACE_NAME', 'K8S_NAMESPACE', 'POD_NAMESPACE', 'NAMESPACE'], 'namespace'],
  ['k8s.pod.uid', ['K8S_POD_UID', 'POD_UID', 'OTEL_RESOURCE_ATTRIBUTES_POD_UID'], 'uid'],
  ['k8s.pod.ip', ['K8S_POD_IP', 'POD_IP']],
  ['k8s.node.name', ['K8S_NODE_NAME', 'NODE_NAME', 'OTEL_RESOURCE_ATTRIBUTES_NODE_NAME']],
  ['k8s.container.name', ['K8S_CONTAINER_NAME', 'CONTAINER_NAME']],
  ['k8s.cluster.name', ['K8S_CLUSTER_NAME', 'CLUSTER_NAME']],
]

/** Other names stand for a pod's only where there is a cluster: elsewhere they are anybody's. */
const OWN = /^(?:K8S|POD|OTEL)_/

export const kubernetes: Detector = (around) => {
  const found: Found = {}
  const inCluster = (around.env('KUBERNETES_SERVICE_HOST') ?? '') !== ''
  for (const [attribute, variables, file] of SOURCES) {
    const name = variables.find((variable) => (inCluster || OWN.test(variable)) && (around.env(variable) ?? '') !== '')
    const told = name !== undefined || file === undefined ? undefined : around.podinfo(file)?.trim()
    found[attribute] = name === undefined ? told : around.env(name)
  }
  found['k8s.namespace.name'] ??= around.host.root('var/run/secrets/kubernetes.io/serviceaccount/namespace')?.trim()
  const labels = described(around, 'labels', 'k8s.pod.label.')
  const annotations = described(around, 'annotations', 'k8s.pod.annotation.')
  if (Object.values(found).every((value) => value === undefined) && labels.length + annotations.length === 0) {
    throw new Undetected('neither the environment nor files of the downward API tell of a pod')
  }
  return { ...found, ...Object.fromEntries([...labels, ...annotations]) }
}

/** Lines `key="value"`, values quoted as Go does it. */
function described({ podinfo }: Surroundings, file: string, prefix: string): [string, string][] {
  return [...(podinfo(file) ?? '').matchAll(/^([^=\s]+)=(.*)$/gm)].map(([, key, quoted]) => [prefix + key, unquoted(quoted)])
}

function unquoted(quoted: string): string {
  try {
    return String(JSON.parse(quoted))
  } catch {
    return quoted.replace(/^"(.*)"$/, '$1')
  }
}
