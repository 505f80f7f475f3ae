// Profiles of OTLP (v1development) to records. The form of a profile still changes from version to version: a record
// holds it as it came, with the dictionary that it refers to, and only what surrounds it is read.

import { Identity } from '../../record/identity.js'
import { NO_LABELS } from '../../record/labels.js'
import type { Record } from '../../record/record.js'
import type { Resource, Scope } from './message.js'
import { originOf } from './origin.js'
import { type Bounds, decodeMessage, encodeMessage } from './protobuf.js'
import { MessageType, RESOURCE, SCOPE } from './schema.js'

const IN_SCOPE = new MessageType(() => [
  [1, 'scope', SCOPE],
  [2, 'profiles', 'bytes', 'list'],
  [3, 'schemaUrl', 'string'],
])
const IN_RESOURCE = new MessageType(() => [
  [1, 'resource', RESOURCE],
  [2, 'scopeProfiles', IN_SCOPE, 'list'],
  [3, 'schemaUrl', 'string'],
])
/** A request, and ProfilesData as well. */
const PROFILES = new MessageType(() => [[1, 'resourceProfiles', IN_RESOURCE, 'list'], [2, 'dictionary', 'bytes']])

const DICTIONARY = new MessageType(() => [[5, 'strings', 'string', 'list']])
const VALUE_TYPE = new MessageType(() => [[1, 'type', 'int32']])
/** What is read of a profile, as the versions number it from 1.9 on, and before. */
const HEADS = [3, 4].map((time) => {
  return new MessageType(() => [
    [1, 'sampleType', VALUE_TYPE, 'list'],
    [time, 'time', 'fixed64'],
    [time + 1, 'duration', 'uint64'],
  ])
})

interface InScope {
  scope?: Scope
  profiles?: string[]
  schemaUrl?: string
}
interface ProfilesMessage {
  resourceProfiles?: { resource?: Resource; scopeProfiles?: InScope[]; schemaUrl?: string }[]
  dictionary?: string
}
interface Head {
  sampleType?: { type?: number }[]
  time?: string
  duration?: string
}

interface Told {
  name: string
  ts: string
  end: string | null
}

/** The records of all profiles are more than they may be. */
export class TooManyBytes extends Error {}

/**
 * A record for each profile of a request, its data a ProfilesData with that profile and the dictionary. Throws
 * TooManyBytes, TooMuch, TooDeep, or an Error where the bytes are no such message.
 *
 * @param maxBytes that the data of all records may have
 */
export function profileRecords(bytes: Buffer, bounds: Bounds, maxBytes: number): Record[] {
  const { resourceProfiles = [], dictionary } = decodeMessage<ProfilesMessage>(bytes, PROFILES, bounds)
  const strings = stringsOf(dictionary, bounds)
  const records: Record[] = []
  let total = 0
  for (const inResource of resourceProfiles) {
    for (const inScope of inResource.scopeProfiles ?? []) {
      const rest = originOf(inResource, inScope)
      for (const profile of inScope.profiles ?? []) {
        const { name, ts, end } = headOf(profile, strings, bounds)
        const resourceProfiles = [{ scopeProfiles: [{ profiles: [profile] }] }]
        const data = encodeMessage({ resourceProfiles, dictionary }, PROFILES)
        if ((total += data.length) > maxBytes) throw new TooManyBytes('too many bytes')
        const identity = Identity.of('profile', name, NO_LABELS, rest)
        const times = { ts, ...(end !== null && { end }) }
        records.push({ identity, payload: { ...times, format: 'otlp', data: data.toString('base64') } })
      }
    }
  }
  return records
}

function stringsOf(dictionary: string | undefined, bounds: Bounds): readonly string[] {
  if (dictionary === undefined) return []
  // Empty ones are in their places: indices count.
  return decodeMessage<{ strings?: string[] }>(Buffer.from(dictionary, 'base64'), DICTIONARY, bounds).strings ?? []
}

/** What kind of samples it has, and from when to when. Unknown times are 0. */
function headOf(profile: string, strings: readonly string[], bounds: Bounds): Told {
  const bytes = Buffer.from(profile, 'base64')
  const heads = HEADS.map((type) => decodeMessage<Head>(bytes, type, bounds))
  const { sampleType = [], time = '0', duration } = heads.find(({ time }) => time !== undefined) ?? heads[0]
  const lasted = duration !== undefined && time !== '0'
  const end = lasted ? String(BigInt.asUintN(64, BigInt(time) + BigInt(duration))) : null
  return { name: strings[sampleType[0]?.type ?? 0] ?? '', ts: time, end }
}
