// derive servicegraph: which service calls which, from spans.

import {
  bucketBounds, HISTOGRAM_OPTIONS, histogramMaker, TABLE_HELP, TABLE_OPTIONS, tableSettings,
} from '../../lib/aggregate/options.js'
import { filter, type Input } from '../../lib/component.js'
import { Problem, throwAll } from '../../lib/diag/problem.js'
import { namesOf } from '../../lib/logs/command.js'
import { METRIC_STATE_HELP, namedState, namedStateOptions, stateProblems } from '../../lib/state/named.js'
import { ServiceGraph, type ServiceGraphSettings } from '../../lib/trace/servicegraph.js'

const since = '0.1.0'
const SPAN = `'{"type":"span","resource":{"service.name":"shop"},"ts":"1000000000","end":"1030000000","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","name":"select","kind":"client","attributes":{"db.name":"orders"}}'`

const OPTIONS = {
  dimension: {
    since, type: 'list', value: 'NAME',
    help: 'attribute of the spans, or else their resources, that becomes one of the metrics, as client_NAME and server_NAME',
  },
  histogram: {
    since, group: 'Durations', type: 'enum', values: ['explicit', 'exponential'], default: 'explicit', help: 'kind of the histograms',
  },
  bucket: { ...HISTOGRAM_OPTIONS.bucket, group: 'Durations' },
  max_size: { ...HISTOGRAM_OPTIONS.max_size, group: 'Durations' },
  peer_attribute: {
    since, group: 'Virtual nodes', type: 'list', value: 'NAME', default: ['peer.service', 'db.name', 'db.system'],
    help: 'attribute of a client span that names what it called, where that sends no spans; the first one that is there counts',
  },
  database_attribute: {
    since, group: 'Virtual nodes', type: 'list', value: 'NAME', default: ['db.name', 'db.namespace'],
    help: 'attribute of a client span that names the database it called',
  },
  virtual_node_label: {
    since, group: 'Virtual nodes', type: 'bool', help: 'tell by the attribute virtual_node which side sends no spans',
  },
  ttl: { since, type: 'duration', default: '2s', min: '1ms', help: 'time for which the other side of a request is waited for' },
  max_items: {
    since, group: 'Bounds', type: 'int', default: 10_000, min: 1,
    help: 'requests that wait for their other side at once; spans beyond are counted as dropped from the graph',
  },
  ...TABLE_OPTIONS,
  ...namedStateOptions('none'),
} as const

export default filter({
  name: 'derive servicegraph',
  summary: 'find which service calls which, and how, from spans',
  description: `
    Makes metrics of the requests between services, under the names that Grafana's service graph looks for; the spans pass as they
    are. A request is a span of kind client with one of kind server below it, producer and consumer (connection_type
    messaging_system), or a client span that names a database (connection_type database). Spans of a request may come in any
    order, within --ttl.

    traces_service_graph_request_total counts requests by client and server, request_failed_total those of which a span has the
    status error, request_client_seconds and request_server_seconds are histograms of what either side measured.

    Where one side sends no spans it is a virtual node (connection_type virtual_node): the client of a server span without a parent
    is called user, the server of a client span is what --peer-attribute says. What is left is counted by unpaired_spans_total,
    and dropped_spans_total counts the spans for which --max-items left no place.

    All spans of a trace must come to the same process. ${TABLE_HELP}

    ${METRIC_STATE_HELP} Requests that wait for their other side are not kept.`,
  since,
  accepts: ['span'],
  emits: ['same', 'metric'],
  guarantee: 'No span is lost; metric records are counted as made. Requests that wait when the command is killed are not counted.',
  args: [],
  options: OPTIONS,
  check: (input) => void settingsOf(input),
  examples: [
    { command: `printf '%s\\n' ${SPAN} | solder derive servicegraph`, about: 'a service and its database' },
    {
      command: 'solder receive otlp | solder derive servicegraph | solder write prometheus http://mimir.example/api/v1/push',
      about: 'a service graph in Grafana',
      needs: 'a sender and a receiver',
    },
  ],
  async create(input, context) {
    const settings = settingsOf(input)
    return new ServiceGraph(settings, context, await namedState(input.options, 'derive.servicegraph', '', context.log))
  },
})

/** Throws every Problem at once. */
function settingsOf({ options }: Input<typeof OPTIONS>): ServiceGraphSettings {
  const problems = stateProblems(options)
  if (options.histogram !== 'explicit' && options.bucket.length > 0) problems.push(new Problem('--bucket is for --histogram explicit'))
  throwAll(problems)
  return {
    table: tableSettings(options, 'solder.servicegraph'),
    histogram: histogramMaker(options.histogram, bucketBounds(options.bucket), options.max_size, 0.001),
    dimensions: namesOf(options.dimension),
    peerAttributes: namesOf(options.peer_attribute),
    databaseAttributes: namesOf(options.database_attribute),
    virtualNodeLabel: options.virtual_node_label,
    ttl: options.ttl,
    maxItems: options.max_items,
  }
}
