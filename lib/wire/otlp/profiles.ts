// Profiles of OTLP (v1development, as version 1.10 of opentelemetry-proto has them) to records: each in the bytes of a
// ProfilesData of its own, with that of the dictionary that it refers to.

import { Identity, type IdentityRest } from '../../record/identity.js'
import { NO_LABELS } from '../../record/labels.js'
import type { Record } from '../../record/record.js'
import { ProtoWriter } from '../remote_write/writer.js'
import { entryAt, OwnDictionary, Transfer, WrongIndex } from './dictionary.js'
import type { AnyValue, KeyValue, Profile, ProfilesDictionary, ProfilesRequest } from './message.js'
import { originOf } from './origin.js'
import { encodeMessage, writeFields } from './protobuf.js'
import { REQUESTS } from './schema.js'

/** The `format` of these records. */
export const PROFILE_FORMAT = 'otlp'
const DICTIONARY_FIELD = 2

/** What was sent as a profile and is none. */
export interface WrongProfile {
  /** With the whole dictionary. */
  readonly record: Record
  readonly complaint: string
}

/** What a record tells beside the data. */
export interface ProfileHead {
  readonly name: string
  readonly ts: string
  readonly end?: string
}

export interface ProfileRecords {
  readonly records: Record[]
  readonly wrong: WrongProfile[]
  /** Of the data of all. */
  bytes: number
}

/**
 * A record for each profile of a request; null where the data of all would be more than `most` bytes. Throws WrongIndex
 * where a resource or a scope refers to what is not there.
 */
export function profileRecords(request: ProfilesRequest, most: number): ProfileRecords | null {
  const { resourceProfiles = [], dictionary = {} } = request
  const told: ProfileRecords = { records: [], wrong: [], bytes: 0 }
  const transfer = new Transfer(dictionary)
  for (const inResource of resourceProfiles) {
    const resource = withTexts(inResource.resource, dictionary.stringTable)
    for (const inScope of inResource.scopeProfiles ?? []) {
      const scope = withTexts(inScope.scope, dictionary.stringTable)
      const rest = originOf({ ...inResource, resource }, { ...inScope, scope })
      for (const profile of inScope.profiles ?? []) {
        const { data, complaint } = dataOf(profile, dictionary, transfer)
        if ((told.bytes += data.length) > most) return null
        if (complaint === null) told.records.push(recordOf(profileHead(profile, dictionary), data, rest))
        else told.wrong.push({ record: recordOf({ name: '', ts: profile.timeUnixNano ?? '0' }, data, rest), complaint })
      }
    }
  }
  return told
}

function recordOf({ name, ...times }: ProfileHead, data: Buffer, rest: IdentityRest): Record {
  const payload = { ...times, format: PROFILE_FORMAT, data: data.toString('base64') }
  return { identity: Identity.of('profile', name, NO_LABELS, rest), payload }
}

/** What kind of samples it has, and from when to when; from an unknown time on is 0. Throws WrongIndex. */
export function profileHead(profile: Profile, { stringTable }: ProfilesDictionary): ProfileHead {
  const { sampleType, timeUnixNano: ts = '0', durationNano } = profile
  const name = sampleType === undefined ? '' : textAt(sampleType.typeStrindex ?? 0, stringTable)
  if (durationNano === undefined || ts === '0') return { name, ts }
  return { name, ts, end: String(BigInt.asUintN(64, BigInt(ts) + BigInt(durationNano))) }
}

function dataOf(
  profile: Profile, dictionary: ProfilesDictionary, transfer: Transfer,
): { data: Buffer; complaint: string | null } {
  try {
    const complaint = complaintOf(profile)
    if (complaint === null) return { data: ownData(profile, transfer), complaint }
    return { data: wholeData(profile, dictionary), complaint }
  } catch (error) {
    if (!(error instanceof WrongIndex)) throw error
    return { data: wholeData(profile, dictionary), complaint: error.message }
  }
}

/** Version 1.9 has the values of samples where the attributes are now: what has no attributes looks so. */
function complaintOf({ samples = [] }: Profile): string | null {
  const unlike = samples.some(({ attributeIndices, values, timestampsUnixNano }) => {
    return attributeIndices !== undefined && values === undefined && timestampsUnixNano === undefined
  })
  return unlike ? 'a sample with attributes and no values: not as in version 1.10 of opentelemetry-proto' : null
}

const around = (profile: Profile) => ({ resourceProfiles: [{ scopeProfiles: [{ profiles: [profile] }] }] })

function ownData(profile: Profile, transfer: Transfer): Buffer {
  const own = new OwnDictionary()
  const moved = transfer.profile(profile, own)
  const writer = new ProtoWriter()
  writeFields(writer, around(moved), REQUESTS.profiles)
  writer.message(DICTIONARY_FIELD, own.view())
  return writer.view()
}

function wholeData(profile: Profile, dictionary: ProfilesDictionary): Buffer {
  return encodeMessage({ ...around(profile), dictionary }, REQUESTS.profiles)
}

type Texts = readonly string[] | undefined

/** A resource or a scope with texts in place of their indices. */
function withTexts<T extends { attributes?: KeyValue[] }>(of: T | undefined, texts: Texts): T | undefined {
  if (of?.attributes === undefined) return of
  return { ...of, attributes: of.attributes.map((attribute) => attributeWithTexts(attribute, texts)) }
}

function attributeWithTexts({ key, keyStrindex, value }: KeyValue, texts: Texts): KeyValue {
  const told = keyStrindex === undefined ? key : (key ?? textAt(keyStrindex, texts))
  return { key: told, ...(value !== undefined && { value: valueWithTexts(value, texts) }) }
}

function valueWithTexts(value: AnyValue, texts: Texts): AnyValue {
  const { stringValueStrindex, arrayValue, kvlistValue } = value
  if (stringValueStrindex !== undefined) return { stringValue: textAt(stringValueStrindex, texts) }
  if (arrayValue?.values !== undefined) {
    return { arrayValue: { values: arrayValue.values.map((one) => valueWithTexts(one, texts)) } }
  }
  if (kvlistValue?.values === undefined) return value
  return { kvlistValue: { values: kvlistValue.values.map((one) => attributeWithTexts(one, texts)) } }
}

function textAt(index: number, texts: Texts): string {
  return entryAt(texts, index, 'stringTable') ?? ''
}
