// A file of records as a source that can go back: from the place that was committed, with checkpoints.

import { resolve } from 'node:path'
import type { SourceContext } from '../component.js'
import { type Batch, RecordBatch } from '../record/batch.js'
import type { LineReader } from '../record/reader.js'
import { checkpointIdentity, withoutCheckpoints } from '../state/checkpoint.js'
import type { State } from '../state/state.js'
import { DamagedFile, isPacked, pieces, Place } from './lines.js'

const LF = 10

export class FileSource {
  readonly #source: string
  /** What was read, with the beginning of a line that is not complete. */
  #place = new Place()
  #line = 0

  private constructor(
    private readonly path: string,
    private readonly packed: boolean,
    private readonly state: State | null,
    private readonly context: SourceContext,
  ) {
    this.#source = `receive.ndjson${resolve(path)}`
  }

  /** @param state null: from the start, and no checkpoints. Throws a Problem */
  static async open(path: string, state: State | null, context: SourceContext): Promise<FileSource> {
    const file = new FileSource(path, await isPacked(path), state, context)
    if (state !== null) await file.#resume(state)
    return file
  }

  async #resume(state: State): Promise<void> {
    const { path, packed, context } = this
    const position = await state.read(this.#source, context.log)
    if (position === null) return
    const { offset, line, fingerprint } = position as { [key: string]: unknown }
    const usable = Number.isSafeInteger(offset) && Number.isSafeInteger(line)
    const place = usable ? await Place.at(path, packed, offset as number) : null
    if (place !== null && place.fingerprint() === fingerprint) {
      this.#place = place
      // A last line that had no newline goes on.
      this.#line = (line as number) - (place.betweenLines ? 0 : 1)
      return
    }
    const why = place === null ? 'it is shorter than what was read' : 'it holds something else before that'
    context.log.warn(`${path}: cannot go on behind line ${String(line)}, for ${why}: reading it from its start`)
  }

  async read(): Promise<void> {
    const { path, packed, context } = this
    const reader = context.lines(path, this.#line)
    try {
      for await (const piece of pieces(path, packed, this.#place.offset)) {
        if (context.signal.aborted) return
        await this.#piece(piece, reader)
      }
      // A last line without newline that is no record was rejected; the next run begins with it.
      const last = reader.end()
      if (last !== null) {
        await this.#emit(last)
        await this.#checkpoint(reader.lineNumber)
      }
    } catch (error) {
      if (!(error instanceof DamagedFile)) throw error
      this.#damaged(error, reader.lineNumber)
    }
  }

  async #piece(piece: Buffer, reader: LineReader): Promise<void> {
    const { context } = this
    context.account.in_bytes += piece.length
    const end = piece.lastIndexOf(LF) + 1
    const batch = reader.push(piece)
    this.#place.advance(piece.subarray(0, end))
    if (batch !== null) await this.#emit(batch)
    if (end > 0) await this.#checkpoint(reader.lineNumber)
    this.#place.advance(piece.subarray(end))
  }
  /** Checkpoints that stand in the file are positions of another pipe's source. */
  async #emit(batch: Batch): Promise<void> {
    const { account, emit } = this.context
    const records = withoutCheckpoints(batch, () => {
      account.made++
      account.drop('foreign_checkpoint', 1)
    })
    if (records.length > 0) await emit(records)
  }

  async #checkpoint(line: number): Promise<void> {
    if (this.state === null) return
    const position = { fingerprint: this.#place.fingerprint(), line, offset: this.#place.offset }
    await this.context.emit(new RecordBatch([checkpointIdentity(this.#source)], [{ position }]))
  }

  #damaged({ torn, message }: DamagedFile, line: number): void {
    const { path, context } = this
    if (torn) return context.log.warn(`${path}: the gzip data is torn: read up to line ${line}`)
    context.account.made++
    const detail = `damaged gzip data (${message}): the rest of the file cannot be read`
    context.reject({ reason: 'damaged_file', detail, where: `${path}:${line}`, original: '' })
  }
}
