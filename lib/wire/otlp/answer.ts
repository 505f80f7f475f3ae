// Answers to exports: what was not taken of one that was, and why one was not.

import { parseMessage } from './json.js'
import { decodeMessage } from './protobuf.js'
import { ANSWERS, type MessageType, type Signal, STATUS } from './schema.js'

export interface PartialSuccess {
  /** Spans, log entries or data points. */
  readonly rejected: number
  /** For people; `''` for none. */
  readonly message: string
}

export type AnswerForm = 'protobuf' | 'json'

const BOUNDS = { max_elements: 1000, max_depth: 8 }
/** Characters of what a server says. */
const SHOWN = 300
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g

interface Answer {
  partialSuccess?: { errorMessage?: string; [rejected: string]: string | undefined }
}

/** What the answer to an export says; undefined where it took all and has nothing to say, or is no such answer. */
export function partialSuccessOf(body: Buffer, signal: Signal, form: AnswerForm): PartialSuccess | undefined {
  const { partialSuccess = {} } = read<Answer>(body, ANSWERS[signal], form) ?? {}
  const { errorMessage = '', ...counts } = partialSuccess
  const rejected = Math.max(0, ...Object.values(counts).map(Number))
  if (rejected === 0 && errorMessage === '') return undefined
  return { rejected, message: errorMessage.slice(0, SHOWN).replace(CONTROLS, ' ').trim() }
}

/** The message of a Status; undefined where the body is none. */
export function statusMessageOf(body: Buffer, form: AnswerForm): string | undefined {
  return read<{ message?: string }>(body, STATUS, form)?.message
}

function read<T extends object>(body: Buffer, type: MessageType, form: AnswerForm): T | undefined {
  if (body.length === 0) return undefined
  try {
    return form === 'json' ? parseMessage<T>(body.utf8Slice(), type, BOUNDS) : decodeMessage<T>(body, type, BOUNDS)
  } catch {
    // A server that answers something else has answered with its status.
    return undefined
  }
}
