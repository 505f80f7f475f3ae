// derive spanlogs: log entries from spans.

import { filter } from '../../lib/component.js'
import { namesOf } from '../../lib/logs/command.js'
import { SpanLogs } from '../../lib/trace/spanlogs.js'

const since = '0.1.0'
const keys = { since, group: 'Keys', type: 'string' } as const
const SPAN = `printf '%s\\n' '{"type":"span","resource":{"service.name":"shop"},"ts":"1763804400000000000","end":"1763804400030000000","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","name":"GET /","kind":"server","attributes":{"http.route":"/"}}'`

export default filter({
  name: 'derive spanlogs',
  summary: 'make log entries of spans',
  description: `
    Makes a log entry, a line of logfmt, of every span (--spans), of every span without a parent (--roots, the default), of each
    event (--events), or of the first span of a trace that comes from a process (--processes); the spans pass as they are.

    A line of a span has its name, duration in nanoseconds and status, the attributes that are asked for, the service, the
    attributes asked for of its resource, and the trace id; that of a process has what stands behind the status, that of an event
    its name and attributes. The entry has the time at which the span ended, or of the event, and trace_id and span_id beside the
    line. Its stream has the label --type-label (span, root, process or event), and what --label names.`,
  since,
  accepts: ['span'],
  emits: ['same', 'log'],
  guarantee: 'No span is lost; log records are counted as made.',
  args: [],
  options: {
    spans: { since, type: 'bool', help: 'a line for each span' },
    roots: { since, type: 'bool', help: 'a line for each span without a parent; so it is if nothing else is asked for' },
    processes: { since, type: 'bool', help: 'a line for each trace in each process' },
    events: { since, type: 'bool', help: 'a line for each event of a span' },
    span_attribute: { since, type: 'list', value: 'NAME', help: 'attribute of spans in the line' },
    process_attribute: { since, type: 'list', value: 'NAME', help: 'attribute of resources in the line' },
    event_attribute: { since, type: 'list', value: 'NAME', help: 'attribute of events in the line' },
    label: { since, type: 'list', value: 'KEY', help: 'key of the line that is a label, too' },
    type_label: { ...keys, default: 'traces', help: 'label that tells what the line is of' },
    service_key: { ...keys, default: 'svc', help: 'key of the service' },
    span_name_key: { ...keys, default: 'span', help: "key of the span's name" },
    status_key: { ...keys, default: 'status', help: 'key of the status' },
    duration_key: { ...keys, default: 'dur', help: 'key of the duration' },
    trace_id_key: { ...keys, default: 'tid', help: 'key of the trace id' },
  },
  examples: [
    {
      command: `${SPAN} | solder derive spanlogs --span-attribute http.route --label svc | solder filter 'type == "log"'`,
      about: 'see what becomes of a span',
    },
    {
      command: 'solder receive otlp | solder derive spanlogs --label svc,status | solder write loki http://loki.example:3100',
      about: 'find traces by their logs in Loki',
      needs: 'a sender and a receiver',
    },
  ],
  create({ options }, context) {
    const { spans, processes, events } = options
    const settings = {
      spans,
      roots: options.roots || !(spans || processes || events),
      processes,
      events,
      spanAttributes: namesOf(options.span_attribute),
      processAttributes: namesOf(options.process_attribute),
      eventAttributes: namesOf(options.event_attribute),
      labels: namesOf(options.label),
      typeLabel: options.type_label,
      keys: {
        service: options.service_key, name: options.span_name_key, status: options.status_key, duration: options.duration_key,
        trace: options.trace_id_key,
      },
      maxIdentities: (options as { max_identities?: number }).max_identities ?? 500_000,
    }
    return new SpanLogs(settings, context.account)
  },
})
