// From one seam of a pipeline to another: the stages that records pass on their way.

import type { Inlet, Pipe, PipeStage } from './model.js'

/** A seam: behind a stage, or in front of it where it is a sink. */
export interface Point {
  readonly pipe: Pipe
  /** null: where records come into the pipe (as a start), or where they leave what its branches share (as an end). */
  readonly stage: PipeStage | null
}

/** Where records come in if nothing else is said: behind the last source, or where several ways in come together. */
export function startOf(pipe: Pipe): Point {
  const stages = [...(pipe.from.length === 1 ? pipe.from[0].stages : []), ...pipe.through]
  return { pipe, stage: stages.findLast((one) => roleOf(one) === 'source') ?? null }
}

/** Where records leave if nothing else is said: in front of the only sink, or where several branches part. */
export function endOf(pipe: Pipe): Point {
  return { pipe, stage: pipe.to.length === 1 ? pipe.to[0][pipe.to[0].length - 1] : null }
}

/** The stages of every way from one seam to another, through pipes that read each other. */
export function waysBetween(pipes: readonly Pipe[], start: Point, { pipe, stage }: Point): PipeStage[][] {
  const ways = new Ways(pipes, start)
  if (stage === null) return ways.outOf(pipe)
  for (const branch of pipe.to) {
    const at = branch.indexOf(stage)
    if (at >= 0) return ways.along(branch.slice(0, roleOf(stage) === 'sink' ? at : at + 1), () => ways.outOf(pipe))
  }
  const at = pipe.through.indexOf(stage)
  if (at >= 0) return ways.outOf({ ...pipe, through: pipe.through.slice(0, at + 1) })
  const inlet = pipe.from.find(({ stages }) => stages.includes(stage))!
  const cut = { ...inlet, stages: inlet.stages.slice(0, inlet.stages.indexOf(stage) + 1) }
  return ways.into({ ...pipe, from: pipe.from.map((one) => (one === inlet ? cut : one)) }, cut)
}

export function roleOf(stage: PipeStage): 'source' | 'filter' | 'sink' {
  return stage.kind === 'component' ? stage.component.role : 'filter'
}

class Ways {
  constructor(
    private readonly pipes: readonly Pipe[],
    private readonly start: Point,
  ) {}

  /** To the end of stages, before which `before` gives the ways. */
  along(stages: readonly PipeStage[], before: () => PipeStage[][]): PipeStage[][] {
    const { stage } = this.start
    const at = stage === null ? -1 : stages.indexOf(stage)
    return at >= 0 ? [stages.slice(at + 1)] : before().map((way) => [...way, ...stages])
  }

  /** To where records leave what the branches of a pipe share. */
  outOf(pipe: Pipe): PipeStage[][] {
    const { from, through } = pipe
    if (from.length > 1 && this.#startsIn(pipe)) return [[...through]]
    return this.along(through, () => from.flatMap((inlet) => this.into(pipe, inlet)))
  }

  /** To where a way in ends. */
  into(pipe: Pipe, { stages, pipe: read }: Inlet): PipeStage[][] {
    if (this.#startsIn(pipe)) return pipe.from.length === 1 ? [[...stages]] : []
    const other = this.pipes.find(({ name }) => name === read)
    return this.along(stages, () => (other === undefined ? [] : this.outOf(other)))
  }

  #startsIn({ name }: Pipe): boolean {
    return this.start.stage === null && this.start.pipe.name === name
  }
}
