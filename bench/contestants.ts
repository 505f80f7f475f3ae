// Who does the whole job: solder in one process and as a shell pipe, Prometheus in agent mode, vmagent;
// all with their queue on disk.

import { writeFileSync } from 'node:fs'
import { findProgram } from './measure.js'
import type { Rig } from './rig.js'

export interface Job {
  /** Seconds between two scrapes of a target. */
  every: number
  /** Relabel rules for every series, as in metric_relabel_configs. */
  rules: readonly object[]
}

export interface Contestant {
  name: string
  /** A program that it needs. */
  program?: string
  /** The shell command; the measured processes are all below it. */
  command(rig: Rig, job: Job): string
}

export const FUSED: Contestant = {
  name: 'solder, fused',
  command: (rig, job) => `exec solder run -e "${stages(rig, job).join(' | ')}"`,
}

export const PIPE: Contestant = {
  name: 'solder, shell pipe',
  command: (rig, job) => stages(rig, job).map((words) => `solder ${words}`).join(' | '),
}

export const AGENT: Contestant = {
  name: 'prometheus agent',
  program: 'prometheus',
  command(rig, job) {
    const { folder, port, url } = rig
    writeFileSync(`${folder}/prometheus.yml`, JSON.stringify({ ...scrapeConfig(rig, job), remote_write: [{ url }] }))
    const flags = [`--config.file=${folder}/prometheus.yml`, `--storage.agent.path=${folder}/wal`, '--log.level=error']
    return `exec prometheus --enable-feature=agent ${flags.join(' ')} --web.listen-address=127.0.0.1:${port}`
  },
}

export const VMAGENT: Contestant = {
  name: 'vmagent',
  program: 'vmagent',
  command(rig, job) {
    const { folder, port, url } = rig
    writeFileSync(`${folder}/scrape.yml`, JSON.stringify(scrapeConfig(rig, job)))
    const flags = [`-promscrape.config=${folder}/scrape.yml`, `-remoteWrite.tmpDataPath=${folder}/vm`, '-loggerLevel=ERROR']
    return `exec vmagent -remoteWrite.url=${url} ${flags.join(' ')} -httpListenAddr=127.0.0.1:${port}`
  },
}

export function isInstalled({ program }: Contestant): boolean {
  return program === undefined || findProgram(program) !== undefined
}

// JSON is YAML.
function stages({ folder, targets, url }: Rig, { every, rules }: Job): string[] {
  writeFileSync(`${folder}/rules.yaml`, JSON.stringify(rules))
  return [
    `scrape --every ${every}s --timeout ${every}s --job bench ${targets.join(' ')}`,
    `relabel ${folder}/rules.yaml`,
    `write prometheus --state ${folder}/state ${url}`,
  ]
}

function scrapeConfig({ targets }: Rig, { every, rules }: Job): object {
  return {
    global: { scrape_interval: `${every}s`, scrape_timeout: `${every}s` },
    scrape_configs: [{ job_name: 'bench', static_configs: [{ targets }], metric_relabel_configs: rules }],
  }
}
