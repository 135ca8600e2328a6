// Runs graphile-worker, told by environment variables and told to stop by the end of its input.
//
//   node graphile-worker.cjs migrate    makes the tables
//   node graphile-worker.cjs work       runs jobs, as soon as it is sent a line
//
// Each line of output is a message: "ready"; "ran" with the numbers of the jobs whose handlers have run since the last
// such line, one line for each turn of the event loop at most; "error" with a text; "stopped".
"use strict";

const { Logger, run, runMigrations } = require("graphile-worker");

const say = (line) => process.stdout.write(line.replace(/\s*\n\s*/g, " ") + "\n");

const options = {
  preset: { worker: JSON.parse(process.env.MILLRACE_PEER_SETTINGS) },
  logger: new Logger(() => (level, message) => {
    if (level === "error") say("error " + message);
  }),
  noHandleSignals: true,
};

let ran = [];

const tell = () => {
  say("ran " + ran.join(" "));
  ran = [];
};

const noop = (payload) => {
  if (ran.push(payload.n) === 1) setImmediate(tell);
};

const work = async () => {
  const begun = new Promise((resolve) => process.stdin.once("data", () => resolve(true)));
  const ended = new Promise((resolve) => process.stdin.once("end", () => resolve(false)));
  if (!(await Promise.race([begun, ended]))) return;
  const runner = await run({ ...options, taskList: { noop }, parsedCronItems: [] });
  ended.then(() => runner.stop());
  say("ready");
  await runner.promise;
  if (ran.length > 0) tell();
  say("stopped");
};

const main = process.argv[2] === "migrate" ? () => runMigrations({ ...options, taskList: {} }) : work;

main().then(
  () => process.exit(0),
  (error) => {
    say("error " + (error.stack ?? error));
    process.exit(1);
  },
);
