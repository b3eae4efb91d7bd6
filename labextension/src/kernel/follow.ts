/** What a kernel has told so far, from a snapshot and the changes after it. Pure. */
import type {
  CellReceipt, KernelAnswer, KernelCaptured, KernelSnapshot, KernelStarted, KernelStopped, LiveCapture
} from '../records.ts';

/** A message that the kernel sends on comm `pressrun`. */
export type KernelMessage = KernelSnapshot | KernelStarted | KernelCaptured | KernelStopped;

/** What is known of a kernel's session. */
export interface KernelView {
  seq: number;
  protocol: number;
  extension: string;
  session: string;
  capture: boolean;
  problem: string;
  running: string;
  runningSince: string;
  captured: LiveCapture | null;
}

/** The view after a message, or `gap` when messages are missing before it and a new snapshot has to be asked for. */
export function follow(view: KernelView | null, message: KernelMessage): KernelView | 'gap' {
  if (message.type === 'snapshot') {
    return viewOf(message);
  }
  if (view === null || message.seq !== view.seq + 1) {
    return 'gap';
  }
  const next = { ...view, seq: message.seq };
  if (message.type === 'started') {
    return { ...next, running: message.cell_id, runningSince: message.since };
  }
  if (message.type === 'captured') {
    const running = view.running === message.receipt.cell_id ? { running: '', runningSince: '' } : {};
    return { ...next, ...running, captured: withReceipt(view.captured, message) };
  }
  if (message.again) {
    return 'gap';
  }
  return { ...next, running: '', runningSince: '', capture: message.problem === '', problem: message.problem };
}

function viewOf(snapshot: KernelSnapshot): KernelView {
  return {
    seq: snapshot.seq,
    protocol: snapshot.protocol,
    extension: snapshot.extension,
    session: snapshot.session,
    capture: snapshot.capture,
    problem: snapshot.problem,
    running: snapshot.running,
    runningSince: snapshot.running_since,
    captured: snapshot.captured
  };
}

function withReceipt(captured: LiveCapture | null, message: KernelCaptured): LiveCapture {
  const receipt = message.receipt;
  const before = captured ?? { format: 1, notebook: '', cells: [], sessions: [], partial: [] };
  const others = before.cells.filter(other => !isSameCell(other, receipt));
  const known = receipt.session === '' || before.sessions.includes(receipt.session);
  const sessions = known ? before.sessions : [...before.sessions, receipt.session];
  return { ...before, cells: [...others, receipt], sessions, partial: message.partial };
}

function isSameCell(a: CellReceipt, b: CellReceipt): boolean {
  return a.cell_id || b.cell_id ? a.cell_id === b.cell_id : a.kind === b.kind && a.name === b.name;
}

/** Read what came over comm `pressrun`; null when it is none of its messages. */
export function readMessage(data: unknown): KernelMessage | null {
  if (!isRecord(data) || typeof data['seq'] !== 'number') {
    return null;
  }
  const type = data['type'];
  const isWhole =
    (type === 'snapshot' && typeof data['protocol'] === 'number') ||
    (type === 'started' && typeof data['cell_id'] === 'string') ||
    (type === 'captured' && isRecord(data['receipt'])) ||
    (type === 'stopped' && typeof data['problem'] === 'string');
  return isWhole ? (data as unknown as KernelMessage) : null;
}

/** Read what came over comm `pressrun.ask`; null when it is no answer. */
export function readAnswer(data: unknown): KernelAnswer | null {
  const isAnswer = isRecord(data) && data['type'] === 'answer' && typeof data['id'] === 'string';
  return isAnswer ? (data as unknown as KernelAnswer) : null;
}

/** Why the kernel closed a comm at once, and which version said so; null when nothing was told: no extension. */
export function readRefusal(data: unknown): { error: string; extension: string } | null {
  if (!isRecord(data) || typeof data['error'] !== 'string') {
    return null;
  }
  return { error: data['error'], extension: String(data['extension'] ?? '') };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
