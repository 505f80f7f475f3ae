// Series of protocols that allow any text in their names.

import type { OptionTable, OptionValues } from '../option/table.js'
import { Identity } from '../record/identity.js'
import { type Labels, labelsOfMap } from '../record/labels.js'
import { labelName, metricName, NAME_STYLES } from '../wire/metric_name.js'
import { LABEL_OPTION } from './line_options.js'

const since = '0.1.0'

export const SERIES_OPTIONS = {
  ...LABEL_OPTION,
  names: {
    type: 'enum',
    values: NAME_STYLES,
    default: 'underscores',
    help: 'names of metrics and labels: an underscore for all but letters, digits and underscores, or as they come',
    since,
  },
} as const satisfies OptionTable

export type SeriesOptions = OptionValues<typeof SERIES_OPTIONS>

/** The labels of a series; those without value are left out, and the options' own count more than the sender's. */
export function seriesLabels(tags: ReadonlyMap<string, string>, { label, names }: SeriesOptions): Labels {
  const labels = new Map<string, string>()
  for (const [name, value] of tags) if (value !== '') labels.set(labelName(name, names), value)
  for (const [name, value] of label) labels.set(name, value)
  labels.delete('')
  return labelsOfMap(labels)
}

/** undefined where nothing is left of the name. */
export function seriesIdentity(
  name: string, tags: ReadonlyMap<string, string>, kind: string, options: SeriesOptions,
): Identity | undefined {
  const metric = metricName(name, options.names)
  return metric === '' ? undefined : Identity.of('metric', metric, seriesLabels(tags, options), { kind })
}
