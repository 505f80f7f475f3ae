// enrich resource: tells where records were collected, as attributes of their resource.

import { filter, type IdentityTransform, type Input } from '../../lib/component.js'
import { didYouMean, Problem, throwAll } from '../../lib/diag/problem.js'
import { DETECTORS, detect, surroundingsOf } from '../../lib/host/detect/detect.js'
import { hostAt } from '../../lib/host/host.js'
import { namesOf } from '../../lib/logs/command.js'
import { CLIENT_OPTIONS } from '../../lib/net/options.js'
import type { OptionValues } from '../../lib/option/table.js'
import { defaultValue } from '../../lib/option/value.js'
import { Identity } from '../../lib/record/identity.js'
import type { Json } from '../../lib/record/json.js'

const since = '0.1.0'
const paths = { since, group: 'Paths' } as const
const services = { since, group: 'Metadata services', type: 'url' } as const
const LOG = `printf '%s\\n' '{"type":"log","resource":{"service.name":"shop"},"ts":"1","body":"paid"}'`

const OPTIONS = {
  detector: {
    since, type: 'list', value: 'NAME', default: ['env', 'host', 'os'],
    help: 'what to ask: env, host, os, process, container, k8s, ec2, gcp, azure',
  },
  override: { since, type: 'bool', default: true, help: 'what is detected replaces what the resource says already' },
  attribute: { since, type: 'list', value: 'NAME', help: 'attribute to take of what is detected; none given: all of it' },
  set: { since, type: 'map', value: 'NAME=VALUE', help: 'an attribute with this value, which counts before what is detected' },
  timeout: { since, type: 'duration', default: '2s', min: '1ms', help: 'time for an answer of a metadata service' },
  root: { ...paths, type: 'path', default: '/', help: 'root of the machine to read' },
  proc: { ...paths, type: 'path', help: 'its /proc, if not below the root' },
  podinfo: {
    ...paths, type: 'path', default: '/etc/podinfo',
    help: "folder of the pod's downward API (name, namespace, uid, labels, annotations)",
  },
  ec2_url: { ...services, default: 'http://169.254.169.254', help: "that of EC2's instances" },
  gcp_url: { ...services, default: 'http://metadata.google.internal', help: "that of Google's instances" },
  azure_url: { ...services, default: 'http://169.254.169.254', help: "that of Azure's machines" },
} as const

export default filter({
  name: 'enrich resource',
  summary: 'tell where records were collected, as attributes of their resource',
  description: `
    Puts what is known of the place where it runs into the resource of spans, log entries, metrics and profiles. It is detected
    once, at the start; a detector that finds nothing is told, and the others count. Where two find the same attribute it is that
    of the first one.

    env: OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME. host: host.name, host.id, host.arch. os: os.type, os.name, os.version,
    os.description, os.build_id. process: pid, owner, executable and runtime of this process. container: container.id, by its
    control group or mounts. k8s: pod, namespace, node, container and cluster, by variables such as K8S_POD_NAME, POD_NAME or
    K8S_NODE_NAME and files in --podinfo, with labels and annotations of the pod.

    ec2 (IMDSv2), gcp and azure ask the metadata service of that cloud for provider, platform, account, region, zone, and id, name
    and type of the machine. Nobody is asked who is not named.

    A sample of Prometheus gets a resource, too, and is a data point of OTLP from there on: 'filter' keeps apart what shall not.`,
  since,
  accepts: ['span', 'log', 'metric', 'profile'],
  emits: ['same'],
  guarantee: 'Nothing is lost.',
  args: [],
  options: OPTIONS,
  check: (input) => throwAll(problemsIn(input)),
  examples: [
    { command: `${LOG} | solder enrich resource --detector host --attribute host.arch`, about: 'tell the architecture' },
    {
      command: `${LOG} | solder enrich resource --detector env --set deployment.environment.name=test`,
      about: 'tell what the environment says, and more',
    },
    {
      command: 'solder receive otlp | solder enrich resource --detector k8s,ec2 --no-override | solder write file out/',
      about: 'tell pod and machine',
      needs: 'a sender',
    },
  ],
  async create(input, context): Promise<IdentityTransform> {
    throwAll(problemsIn(input))
    const { options } = input
    const { clientOf } = await import('../../lib/net/http.js')
    const client = await clientOf({ ...CLIENT_DEFAULTS, follow_redirects: false })
    const { root, proc = `${root}/proc`, podinfo, timeout } = options
    const urls = { ec2: trimmed(options.ec2_url), gcp: trimmed(options.gcp_url), azure: trimmed(options.azure_url) }
    const around = surroundingsOf(hostAt({ root, proc, sys: `${root}/sys` }), podinfo, urls, client, timeout)
    const detected = await detect(namesOf(options.detector), around, context.log).finally(() => client.close())
    const wanted = new Set(namesOf(options.attribute))
    const taken = [...detected].filter(([name]) => wanted.size === 0 || wanted.has(name))
    const attributes = Object.fromEntries([...taken, ...options.set]) as { [name: string]: Json }
    const nothing = Object.keys(attributes).length === 0
    return {
      reason: 'dropped',
      identity(id) {
        if (nothing) return id
        const { type, name, labels, rest } = id
        const known = (rest.resource ?? {}) as { [name: string]: Json }
        const resource = options.override ? { ...known, ...attributes } : { ...attributes, ...known }
        return Identity.of(type, name, labels, { ...rest, resource })
      },
    }
  },
})

/** What HTTP clients do unless they are told otherwise: no proxy, no credentials. */
const CLIENT_DEFAULTS = Object.fromEntries(
  Object.entries(CLIENT_OPTIONS).map(([key, spec]) => [key, defaultValue(spec)]),
) as OptionValues<typeof CLIENT_OPTIONS>

function problemsIn({ options }: Input<typeof OPTIONS>): Problem[] {
  const known = [...DETECTORS.keys()]
  return namesOf(options.detector)
    .filter((name) => !DETECTORS.has(name))
    .map((name) => {
      const details = { expected: known.join(', '), hint: didYouMean(name, known) }
      return new Problem(`--detector: unknown detector '${name}'`, details)
    })
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '')
}
