/**
 * Which requests nobody waits for any more, shared between the threads of the engine process: a worker deep in a pass
 * reads no messages, but can look here.
 */
export class AbortFlags {
  readonly buffer: SharedArrayBuffer
  /** Cell id % length holds the last aborted id of its class. */
  readonly #cells: Int32Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(4 * 65_536)) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer)
  }

  abort(id: number): void {
    Atomics.store(this.#cells, id % this.#cells.length, id)
  }

  isAborted(id: number): boolean {
    return Atomics.load(this.#cells, id % this.#cells.length) === id
  }
}
