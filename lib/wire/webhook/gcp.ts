// Google Cloud Pub/Sub's push delivery (cloud.google.com/pubsub/docs/push): one message a request.

import type { Json } from '../../record/json.js'
import { rfc3339 } from '../syslog/message.js'
import { fieldsOf, type HookEntry, textOf } from './entry.js'

/** Throws an Error where the body is no such request. */
export function gcpEntry(value: Json): HookEntry {
  const fields = fieldsOf(value)
  const message = fieldsOf(fields?.get('message'))
  if (message === null) throw new Error('expected a message')
  const data = message.get('data')
  if (data !== undefined && typeof data !== 'string') throw new Error('expected data in base64')
  const attributes = new Map<string, Json>(fieldsOf(message.get('attributes')) ?? [])
  const subscription = textOf(fields?.get('subscription'))
  // Each name stands there twice, in two spellings.
  const id = textOf(message.get('messageId') ?? message.get('message_id'))
  const time = textOf(message.get('publishTime') ?? message.get('publish_time'))
  if (id !== undefined) attributes.set('message_id', id)
  const labels = new Map(subscription === undefined ? [] : [['subscription', subscription.replace(/^.*\//, '')] as const])
  return {
    ts: time === undefined ? undefined : rfc3339(time),
    body: data === undefined ? '' : Buffer.from(data, 'base64').utf8Slice(),
    labels,
    attributes,
  }
}
