// Records of profiles to profiles of OTLP: what the data says, but for what stages have changed beside it.

import type { Identity } from '../../record/identity.js'
import type { Json } from '../../record/json.js'
import { labelPairs } from '../../record/labels.js'
import type { Payload } from '../../record/record.js'
import { entryAt, type SharedDictionary, Transfer, WrongIndex } from './dictionary.js'
import { type FieldMap, messageFields } from './fields.js'
import type { Profile, ProfilesDictionary, ProfilesRequest } from './message.js'
import { PROFILE_FORMAT, type ProfileHead, profileHead } from './profiles.js'
import { decodeMessage } from './protobuf.js'
import { DICTIONARY, REQUESTS } from './schema.js'
import { mapField, Unfit, valueOf } from './value.js'

/** Lines have bounds of their own. */
const BOUNDS = { max_elements: Infinity, max_depth: 200 }
const BASE64 = /^[\w+/-]*={0,2}$/
const TIMES: FieldMap = [['ts', 'ts', 'time'], ['end', 'end', 'time']]
const ATTRIBUTES = DICTIONARY.byName.get('attributeTable')!

/** A profile that refers to `to`. Throws Unfit; something may then have come to the dictionary. */
export function profileOf(identity: Identity, payload: Payload, to: SharedDictionary): Profile {
  const { profile, dictionary } = profileIn(payload)
  try {
    const moved = new Transfer(dictionary).profile(profile, to)
    const told = profileHead(profile, dictionary)
    const { name } = identity
    const sampleType = name === told.name ? moved.sampleType : { ...moved.sampleType, typeStrindex: to.string(name) }
    const attributeIndices = attributesOf(identity, payload, to, namesOf(profile, dictionary), moved.attributeIndices)
    return { ...moved, ...timesOf(payload, told), sampleType, attributeIndices }
  } catch (error) {
    throw error instanceof WrongIndex ? new Unfit(`'data': ${error.message}`) : error
  }
}

function profileIn({ format, data }: Payload): { profile: Profile; dictionary: ProfilesDictionary } {
  if (format !== PROFILE_FORMAT) throw new Unfit(`'format': ${JSON.stringify(format)}: expected "${PROFILE_FORMAT}"`)
  if (typeof data !== 'string' || !BASE64.test(data)) throw new Unfit(`'data': expected base64`)
  const { resourceProfiles = [], dictionary = {} } = decoded(data)
  const scopes = resourceProfiles.flatMap(({ scopeProfiles = [] }) => scopeProfiles)
  const profiles = scopes.flatMap(({ profiles = [] }) => profiles)
  if (profiles.length !== 1) throw new Unfit(`'data': ${profiles.length} profiles: expected one`)
  return { profile: profiles[0], dictionary }
}

function decoded(data: string): ProfilesRequest {
  try {
    return decodeMessage<ProfilesRequest>(Buffer.from(data, 'base64'), REQUESTS.profiles, BOUNDS)
  } catch (error) {
    throw new Unfit(`'data': no ProfilesData: ${(error as Error).message}`)
  }
}

/** Times where they are others than the data tells. */
function timesOf(payload: Payload, told: ProfileHead): Pick<Profile, 'timeUnixNano' | 'durationNano'> {
  if (payload.ts === told.ts && payload.end === told.end) return {}
  const { ts = '0', end } = messageFields(payload, TIMES) as { ts?: string; end?: string }
  const lasted = end === undefined ? 0n : BigInt(end) - BigInt(ts)
  if (lasted < 0n) throw new Unfit(`'end': ${end} is before ${ts}`)
  return { timeUnixNano: ts, durationNano: String(lasted) }
}

/** The keys of its own attributes. */
function namesOf({ attributeIndices = [] }: Profile, { attributeTable, stringTable }: ProfilesDictionary): string[] {
  return attributeIndices.map((index) => {
    const { keyStrindex = 0 } = entryAt(attributeTable, index, ATTRIBUTES.name) ?? {}
    return entryAt(stringTable, keyStrindex, 'stringTable') ?? ''
  })
}

/**
 * Attributes of the record take the place of its own ones; labels that others gave it come to them.
 *
 * @param names of the attributes of its own
 */
function attributesOf(
  { labels }: Identity, { attributes }: Payload, to: SharedDictionary, names: readonly string[], own: number[] = [],
): number[] {
  const given = mapField(attributes)
  const isNew = (key: string) => !key.startsWith('__') && !Object.hasOwn(given, key) && !names.includes(key)
  const index = (key: string, value: Json) =>
    to.entry(ATTRIBUTES, { keyStrindex: to.string(key), value: valueOf(value) })
  return [
    ...own.filter((_, i) => !Object.hasOwn(given, names[i])),
    ...Object.keys(given).map((key) => index(key, given[key])),
    ...[...labelPairs(labels)].filter(([key]) => isNew(key)).map(([key, value]) => index(key, value)),
  ]
}
