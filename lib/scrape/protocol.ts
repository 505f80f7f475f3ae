// What a scrape asks for: the exposition formats in order of preference, as Prometheus 3 spells them.

/** Names of the formats, as in a Prometheus `scrape_protocols` list. */
export const SCRAPE_PROTOCOLS = [
  'PrometheusProto',
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
] as const
export type ScrapeProtocol = (typeof SCRAPE_PROTOCOLS)[number]

const MEDIA_TYPES: { readonly [P in ScrapeProtocol]: string } = {
  PrometheusProto: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
  'OpenMetricsText1.0.0': 'application/openmetrics-text;version=1.0.0',
  'OpenMetricsText0.0.1': 'application/openmetrics-text;version=0.0.1',
  'PrometheusText1.0.0': 'text/plain;version=1.0.0',
  'PrometheusText0.0.4': 'text/plain;version=0.0.4',
}

/** How a target shall spell names that are outside the classic alphabet. */
export const ESCAPING_SCHEMES = ['allow-utf-8', 'underscores', 'dots', 'values'] as const

/** Preference where native histograms are wanted: only protobuf carries them. */
export const NATIVE_PROTOCOLS: readonly ScrapeProtocol[] = [
  'PrometheusProto',
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
]

export const DEFAULT_PROTOCOLS: readonly ScrapeProtocol[] = [
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
]

export function isScrapeProtocol(name: string): name is ScrapeProtocol {
  return (SCRAPE_PROTOCOLS as readonly string[]).includes(name)
}

/** The Accept header. Only the two newer text formats know an escaping scheme. */
export function acceptHeader(protocols: readonly ScrapeProtocol[], escaping: string): string {
  let weight = SCRAPE_PROTOCOLS.length + 1
  const accepted = protocols.map((protocol) => {
    const escaped = protocol === 'PrometheusText1.0.0' || protocol === 'OpenMetricsText1.0.0'
    return `${MEDIA_TYPES[protocol]}${escaped ? `;escaping=${escaping}` : ''};q=0.${weight--}`
  })
  return [...accepted, `*/*;q=0.${weight}`].join(',')
}
