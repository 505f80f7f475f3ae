// Tags in which a span of Zipkin says what it has no field for (OpenTelemetry, "Transformation to Zipkin"; the collector's
// translator).

export const STATUS_CODE = 'otel.status_code'
export const STATUS_DESCRIPTION = 'otel.status_description'
export const ERROR = 'error'
export const SPAN_KIND = 'span.kind'
export const TRACE_STATE = 'w3c.tracestate'
/** Followed by a number from 0. */
export const LINK = 'otlp.link.'
/** Which attribute of the resource stands as the service's name. */
export const NAME_SOURCE = 'otlp.service.name.source'
/** What the collector names a service that has no name. */
export const NO_SERVICE = 'OTLPResourceNoServiceName'
/** An attribute of a span that did not say when it began. */
export const NO_START = 'otel.zipkin.absentField.startTime'
/** Attributes for flags that OpenTelemetry does not know. */
export const SHARED = 'zipkin.shared'
export const DEBUG = 'zipkin.debug'

/** Tags for what a scope is called, the old ones as well. */
export const SCOPE_TAGS = [
  ['name', ['otel.scope.name', 'otel.library.name']],
  ['version', ['otel.scope.version', 'otel.library.version']],
] as const

/** Tags for counts, and the fields of a record. */
export const DROPPED_TAGS = [
  ['otel.dropped_attributes_count', 'dropped_attributes_count'],
  ['otel.dropped_events_count', 'dropped_events_count'],
  ['otel.dropped_links_count', 'dropped_links_count'],
] as const

export const SERVICE_NAME = 'service.name'
/** What stands for a service without name, in this order. */
export const OTHER_NAMES = ['faas.name', 'k8s.deployment.name', 'process.executable.name'] as const

/** Attributes of endpoints. */
export const LOCAL = { ip: 'net.host.ip', port: 'net.host.port' } as const
export const REMOTE = { service: 'peer.service', ip: 'net.peer.ip', port: 'net.peer.port' } as const

/** Tags that tell of the resource: its attributes in the semantic conventions. */
export const RESOURCE_TAGS: ReadonlySet<string> = new Set([
  'aws.ecs.cluster.arn', 'aws.ecs.container.arn', 'aws.ecs.launchtype', 'aws.ecs.task.arn', 'aws.ecs.task.family',
  'aws.ecs.task.revision', 'aws.eks.cluster.arn', 'aws.log.group.arns', 'aws.log.group.names', 'aws.log.stream.arns',
  'aws.log.stream.names', 'cloud.account.id', 'cloud.availability_zone', 'cloud.platform', 'cloud.provider', 'cloud.region',
  'container.id', 'container.image.name', 'container.image.tag', 'container.name', 'container.runtime',
  'deployment.environment', 'deployment.environment.name', 'device.id', 'device.model.identifier', 'device.model.name',
  'faas.id', 'faas.instance', 'faas.max_memory', 'faas.name', 'faas.version', 'host.arch', 'host.id', 'host.image.id',
  'host.image.name', 'host.image.version', 'host.name', 'host.type', 'k8s.cluster.name', 'k8s.container.name',
  'k8s.cronjob.name', 'k8s.cronjob.uid', 'k8s.daemonset.name', 'k8s.daemonset.uid', 'k8s.deployment.name',
  'k8s.deployment.uid', 'k8s.job.name', 'k8s.job.uid', 'k8s.namespace.name', 'k8s.node.name', 'k8s.node.uid',
  'k8s.pod.name', 'k8s.pod.uid', 'k8s.replicaset.name', 'k8s.replicaset.uid', 'k8s.statefulset.name',
  'k8s.statefulset.uid', 'os.description', 'os.name', 'os.type', 'os.version', 'process.command',
  'process.command_args', 'process.command_line', 'process.executable.name', 'process.executable.path', 'process.owner',
  'process.pid', 'process.runtime.description', 'process.runtime.name', 'process.runtime.version', 'service.instance.id',
  'service.name', 'service.namespace', 'service.version', 'telemetry.auto.version', 'telemetry.sdk.language',
  'telemetry.sdk.name', 'telemetry.sdk.version', 'webengine.description', 'webengine.name', 'webengine.version',
])
