// Every kind of stage, by the name that it has in Alloy; each is loaded when it is meant.

import type { StageDefinition } from './definition.js'

const LOADERS: ReadonlyMap<string, () => Promise<{ default: unknown }>> = new Map([
  ['cri', () => import('./stages/cri.js')],
  ['decolorize', () => import('./stages/decolorize.js')],
  ['docker', () => import('./stages/docker.js')],
  ['drop', () => import('./stages/drop.js')],
  ['eventlogmessage', () => import('./stages/eventlogmessage.js')],
  ['geoip', () => import('./stages/geoip.js')],
  ['json', () => import('./stages/json.js')],
  ['label_drop', () => import('./stages/label_drop.js')],
  ['label_keep', () => import('./stages/label_keep.js')],
  ['labels', () => import('./stages/labels.js')],
  ['limit', () => import('./stages/limit.js')],
  ['logfmt', () => import('./stages/logfmt.js')],
  ['luhn', () => import('./stages/luhn.js')],
  ['match', () => import('./stages/match.js')],
  ['metrics', () => import('./stages/metrics.js')],
  ['multiline', () => import('./stages/multiline.js')],
  ['output', () => import('./stages/output.js')],
  ['pack', () => import('./stages/pack.js')],
  ['pattern', () => import('./stages/pattern.js')],
  ['regex', () => import('./stages/regex.js')],
  ['replace', () => import('./stages/replace.js')],
  ['sampling', () => import('./stages/sampling.js')],
  ['split_json', () => import('./stages/split_json.js')],
  ['static_labels', () => import('./stages/static_labels.js')],
  ['structured_metadata', () => import('./stages/structured_metadata.js')],
  ['structured_metadata_drop', () => import('./stages/structured_metadata_drop.js')],
  ['template', () => import('./stages/template.js')],
  ['tenant', () => import('./stages/tenant.js')],
  ['timestamp', () => import('./stages/timestamp.js')],
  ['truncate', () => import('./stages/truncate.js')],
  ['windowsevent', () => import('./stages/windowsevent.js')],
])

export const STAGE_NAMES: readonly string[] = [...LOADERS.keys()]

/** The definition of a kind of stage; undefined where there is none. */
export async function loadDefinition(name: string): Promise<StageDefinition | undefined> {
  const load = LOADERS.get(name)
  return load === undefined ? undefined : ((await load()).default as StageDefinition)
}
