// Which runner serves which suite.

import type { Runner } from './suite.js'
import { expositionSuites } from './suites/exposition.js'
import { lokiProcess } from './suites/loki_process.js'
import { otlpExamples } from './suites/otlp.js'
import { otlpNaming, otlpTranslation } from './suites/otlp_prometheus.js'
import { relabel } from './suites/relabel.js'
import { client, sender } from './suites/remote_write.js'
import { senderTwo } from './suites/remote_write_v2.js'
import { scrapeSuites } from './suites/scrape.js'
import { file, http, targetGroup } from './suites/sd.js'

export const RUNNERS: { readonly [suite: string]: Runner } = {
  ...expositionSuites,
  loki_process: lokiProcess,
  otlp_examples: otlpExamples,
  otlp_naming: otlpNaming,
  otlp_translation: otlpTranslation,
  relabel,
  remote_write_client: client,
  remote_write_v1_sender: sender,
  remote_write_v2_sender: senderTwo,
  ...scrapeSuites,
  sd_file: file,
  sd_http: http,
  sd_target_group: targetGroup,
}
