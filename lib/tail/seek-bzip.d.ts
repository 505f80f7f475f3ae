// What is used of seek-bzip, which has no types.

declare module 'seek-bzip' {
  class Stream {
    readByte(): number
    writeByte(byte: number): void
  }
  const Bunzip: {
    Stream: typeof Stream
    /** Throws a TypeError. */
    decode(input: Stream, output: Stream, multistream: boolean): void
  }
  export default Bunzip
}
