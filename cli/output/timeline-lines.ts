/** Prints the events of a rollout, as lines or as JSON. */
import type { DeployedService } from "../../live/live.ts";

/** Prints an event. @param kind for JSON. @param words the text. @param more further fields for JSON */
export type Print = (kind: string, words: string, more?: object) => void;

/** A printer of events: lines with the time since its start for people, JSON lines for machines. */
export function printer({ service, namespace }: Pick<DeployedService, "service" | "namespace">, json: boolean): Print {
  const began = Date.now();
  return (kind, words, more = {}) => {
    const at = new Date();
    if (json) console.log(JSON.stringify({ at: at.toISOString(), service, namespace, kind, reason: words, ...more }));
    else console.log(timed(at.getTime() - began, words));
  };
}

/** A line with the time since the start. @example timed(65_000, "dark: passed") // "  1:05  dark: passed" */
export function timed(milliseconds: number, words: string): string {
  return `${time(milliseconds / 1000)}  ${words}`;
}

function time(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${String(Math.floor(whole / 60)).padStart(3)}:${String(whole % 60).padStart(2, "0")}`;
}
