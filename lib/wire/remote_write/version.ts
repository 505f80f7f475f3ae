// Requests of the two versions beside each other: told apart, counted, turned from 2.0 into 1.0.

import { millisOf } from '../../record/time.js'
import { readRequest } from './decode_v2.js'
import { Budget, bytesKey, fields, readerOf } from './read.js'
import { familyIdentity, seriesIdentity } from './request.js'
import { sampleOf } from './sample.js'
import { seriesOf } from './series.js'
import { metadataMessage, WriteRequest } from './v1.js'

export type Version = 1 | 2

/** Samples, histograms and exemplars: of a request, or as a receiver of 2.0 says that it has written them. */
export interface Written {
  samples: number
  histograms: number
  exemplars: number
}

/** First bytes of a literal in snappy's block format from which on its length stands in one to four further bytes. */
const LONG_LITERAL = 60

/**
 * The version of a compressed request, from its first field: those of 1.0 are 1 and 3, those of 2.0 are 4 and 5. A
 * snappy block is the length of its content, then a literal, which no block can do without.
 */
export function versionOf(compressed: Buffer): Version {
  let at = 0
  while (compressed[at] >= 0x80) at++
  const length = compressed[at + 1] >>> 2
  const first = compressed[at + 2 + Math.max(0, length - LONG_LITERAL + 1)]
  return first === bytesKey(4) || first === bytesKey(5) ? 2 : 1
}

/** What an uncompressed request of 2.0 holds. */
export function countRequest(bytes: Buffer): Written {
  const counts: Written = { samples: 0, histograms: 0, exemplars: 0 }
  fields(readerOf(bytes), {
    [bytesKey(5)]: (reader) =>
      fields(readerOf(reader.bytes()), {
        [bytesKey(2)]: (reader) => void (reader.skipType(2), counts.samples++),
        [bytesKey(3)]: (reader) => void (reader.skipType(2), counts.histograms++),
        [bytesKey(4)]: (reader) => void (reader.skipType(2), counts.exemplars++),
      }),
  })
  return counts
}

/** An uncompressed request of 2.0 as one of 1.0. Start times have no place there; metadata stands apart. */
export function downgrade(bytes: Buffer): Buffer {
  const request = new WriteRequest()
  const families = new Map<string, Buffer>()
  for (const one of readRequest(bytes, new Budget(Infinity)).series) {
    const series = seriesOf(one.labels)
    one.points.forEach((point, index) => {
      const last = index === one.points.length - 1
      const exemplars = last && one.exemplars.length > 0 ? { exemplars: one.exemplars } : {}
      const sample = sampleOf({ ...point, ...exemplars } as typeof point, millisOf(point.ts))
      if (typeof sample === 'string') throw new Error(sample)
      request.addSample(series, sample)
    })
    if (one.family === undefined) continue
    const family = familyIdentity(seriesIdentity(one).name, one.family)
    families.set(family.name, metadataMessage(family))
  }
  for (const message of families.values()) request.addMetadata(message)
  return request.finish()
}
