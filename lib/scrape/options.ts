// The options of a scraper, named as in a Prometheus scrape configuration where there is such a name.

import type { OptionTable } from '../option/table.js'
import { ESCAPING_SCHEMES, SCRAPE_PROTOCOLS } from './protocol.js'

const since = '0.1.0'
const LABELS = { since, group: 'Labels and times' } as const
const FORMAT = { since, group: 'Formats' } as const
const BOUND = { since, group: 'Bounds (0 is none)' } as const

export const SCRAPE_OPTIONS = {
  every: { type: 'duration', default: '1m', min: '10ms', since, help: 'time between two scrapes of a target' },
  timeout: {
    type: 'duration',
    min: '1ms',
    since,
    help: 'time that a scrape may take; 10s, or the interval where that is shorter',
  },
  once: { type: 'bool', since, help: 'scrape each target once and end; exit code 1 if none was up' },
  job: { type: 'string', default: 'scrape', since, value: 'NAME', help: "label 'job' of targets that have none" },
  scheme: { type: 'enum', values: ['http', 'https'], default: 'http', since, help: 'scheme of targets that name none' },
  metrics_path: { type: 'string', default: '/metrics', since, value: 'PATH', help: 'path of targets that name none' },
  params: { type: 'list', value: 'NAME=VALUE', since, help: 'a parameter of the URL; a name may have several values' },
  label: { ...LABELS, type: 'map', value: 'NAME=VALUE', help: 'a label of targets that do not have it' },
  honor_labels: {
    ...LABELS,
    type: 'bool',
    help: "labels that a target exposes win over its own, which otherwise rename them to 'exported_…'",
  },
  honor_timestamps: { ...LABELS, type: 'bool', default: true, help: 'keep the times that a target gives its samples' },
  track_timestamps_staleness: {
    ...LABELS,
    type: 'bool',
    help: 'write staleness markers also for series with times of their own',
  },
  metric_relabel: {
    ...LABELS,
    type: 'path',
    readAtStart: true,
    value: 'FILE',
    help: 'relabel rules (YAML) for every series, before the limits',
  },
  created_as_start: {
    ...LABELS,
    type: 'bool',
    help: "read '_created' lines as start times of their series, not as series",
  },
  extra_metrics: {
    ...LABELS,
    type: 'bool',
    help: 'also report scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes',
  },
  metadata: {
    ...LABELS,
    type: 'bool',
    default: true,
    help: 'emit metadata records (type, unit, help) when they are new or change',
  },
  scrape_protocols: {
    ...FORMAT,
    type: 'list',
    value: 'FORMAT',
    help: `a format to ask for, best first; of ${SCRAPE_PROTOCOLS.join(', ')}; by default all of them, the first only with --native-histograms`,
  },
  fallback_scrape_protocol: {
    ...FORMAT,
    type: 'enum',
    values: SCRAPE_PROTOCOLS,
    help: 'format of bodies whose Content-Type is missing or unknown; without it such a scrape fails',
  },
  native_histograms: {
    ...FORMAT,
    type: 'bool',
    help: 'scrape native histograms, which only the protobuf format carries',
  },
  classic_histograms: {
    ...FORMAT,
    type: 'bool',
    help: 'also scrape the classic series of histograms that have a native form',
  },
  convert_classic_histograms_to_nhcb: {
    ...FORMAT,
    type: 'bool',
    help: 'turn classic histograms into native ones with custom buckets',
  },
  name_validation_scheme: {
    ...FORMAT,
    type: 'enum',
    values: ['utf8', 'legacy'],
    default: 'utf8',
    help: 'which names are valid; others fail the scrape',
  },
  name_escaping_scheme: {
    ...FORMAT,
    type: 'enum',
    values: ESCAPING_SCHEMES,
    help: 'how targets shall spell other names; allow-utf-8, or underscores where names are legacy',
  },
  compression: { ...FORMAT, type: 'bool', default: true, help: 'ask for gzip' },
  sample_limit: {
    ...BOUND,
    type: 'int',
    default: 0,
    min: 0,
    help: 'samples of a scrape after relabelling; more fails the scrape',
  },
  label_limit: { ...BOUND, type: 'int', default: 0, min: 0, help: 'labels of a series; more fails the scrape' },
  label_name_length_limit: {
    ...BOUND,
    type: 'int',
    default: 0,
    min: 0,
    help: 'bytes of a label name; more fails the scrape',
  },
  label_value_length_limit: {
    ...BOUND,
    type: 'int',
    default: 0,
    min: 0,
    help: 'bytes of a label value; more fails the scrape',
  },
  body_size_limit: {
    ...BOUND,
    type: 'bytes',
    default: '256MiB',
    help: 'bytes of a body, decompressed; more fails the scrape',
  },
  target_limit: { ...BOUND, type: 'int', default: 0, min: 0, help: 'targets; with more all scrapes fail' },
  native_histogram_bucket_limit: {
    ...BOUND,
    type: 'int',
    default: 0,
    min: 0,
    help: 'buckets of a native histogram; its resolution is halved until they fit, else the scrape fails',
  },
  native_histogram_min_bucket_factor: {
    ...BOUND,
    type: 'float',
    default: 0,
    min: 0,
    help: 'least factor from bucket to bucket of a native histogram; finer ones are merged',
  },
} as const satisfies OptionTable
