// What is known of the place where a process runs, as attributes of a resource: each detector asked once.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../../component.js'
import { type HttpClient, HttpError } from '../../net/client.js'
import { azure, ec2, gcp } from './cloud.js'
import { type Detector, type Surroundings, Undetected } from './detector.js'
import { kubernetes } from './kubernetes.js'
import { container, env, host, os, ownProcess } from './local.js'
import type { Host } from '../host.js'

export const DETECTORS: ReadonlyMap<string, Detector> = new Map<string, Detector>([
  ['env', env], ['host', host], ['os', os], ['process', ownProcess], ['container', container], ['k8s', kubernetes],
  ['ec2', ec2], ['gcp', gcp], ['azure', azure],
])

/**
 * Asks the detectors, all at once; those that find nothing are told. Where two find the same attribute the first one
 * counts.
 * @param names of detectors
 */
export async function detect(
  names: readonly string[], around: Surroundings, log: Log,
): Promise<ReadonlyMap<string, string | number>> {
  const answers = await Promise.all(names.map(async (name) => {
    try {
      return await DETECTORS.get(name)!(around)
    } catch (error) {
      if (!(error instanceof Undetected) && !(error instanceof HttpError)) throw error
      log.warn(`${name}: nothing detected: ${error.message}`)
      return {}
    }
  }))
  const found = new Map<string, string | number>()
  for (const [name, value] of answers.flatMap((answer) => Object.entries(answer))) {
    if (value !== undefined && value !== '' && !found.has(name)) found.set(name, value)
  }
  return found
}

/** The surroundings of this process. */
export function surroundingsOf(
  host: Host, podinfo: string, services: Surroundings['services'], client: HttpClient, timeout: number,
): Surroundings {
  return {
    host,
    env: (name) => (Object.hasOwn(process.env, name) ? process.env[name] : undefined),
    podinfo: (name) => read(join(podinfo, name)),
    http: (request) => client.request({ ...request, timeout }),
    services,
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Missing or forbidden: the pod does not tell it.
    return undefined
  }
}
