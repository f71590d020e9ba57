// ONNX Runtime as a process that takes turns. usage: node onnxruntime.js MODEL INPUTS THREADS [precise]
//
// precise: sums of u8 by s8 products do not saturate, as they do by default on processors without VNNI.
//
// INPUTS is a folder's inputs.json: [{name, type, dims, file}] with raw little-endian values. The first
// line of output says how long loading and the first run took; then each line of input, {"measure": S}
// or {"save": FOLDER} (the last outputs), is answered with one line of JSON; {"error": reason} when it
// cannot be done.
const fs = require('fs');
const path = require('path');

function peakRss() {
  return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
}

const [model, inputs, threads, mode] = process.argv.slice(2);
const nodeRss = peakRss();
const now = () => Number(process.hrtime.bigint()) / 1e6;
const beforeLibrary = now();
const ort = require('onnxruntime-node');
const {binding, initOrt} = require('onnxruntime-node/dist/binding');
const readline = require('readline');

const ARRAYS = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, bool: Uint8Array,
  uint8: Uint8Array, int8: Int8Array, uint16: Uint16Array, int16: Int16Array, int32: Int32Array,
  uint32: Uint32Array, int64: BigInt64Array, uint64: BigUint64Array};

function readFeeds(file) {
  const feeds = {};
  for (const input of JSON.parse(fs.readFileSync(file, 'utf8'))) {
    const bytes = fs.readFileSync(path.join(path.dirname(file), input.file));
    const data = new ARRAYS[input.type](bytes.buffer.slice(bytes.byteOffset,
                                                           bytes.byteOffset + bytes.length));
    feeds[input.name] = new ort.Tensor(input.type, data, input.dims);
  }
  return feeds;
}

// The library's own session, called without the promise that the public API puts around it.
function createSession() {
  initOrt();
  const session = new binding.InferenceSession();
  session.loadModel(model, {
    executionProviders: ['cpu'], intraOpNumThreads: Number(threads), interOpNumThreads: 1,
    graphOptimizationLevel: 'all', executionMode: 'sequential', enableCpuMemArena: true,
    enableMemPattern: true, logSeverityLevel: 3,
    extra: {session: {set_denormal_as_zero: '1', x64quantprecision: mode === 'precise' ? '1' : '0',
                      intra_op: {allow_spinning: '1'}}}});
  return session;
}

function timeRuns(run, seconds) {
  const warm = now();
  while (now() - warm < seconds * 100) run();
  const times = [];
  const start = now();
  while (times.length < 5 || (now() - start < seconds * 1e3 && times.length < 100000)) {
    const begin = now();
    run();
    times.push(now() - begin);
  }
  return times.sort((a, b) => a - b);
}

const quantile = (times, q) => times[Math.floor(q * (times.length - 1) + 0.5)];

function save(folder, names, outputs) {
  return names.map((name, i) => {
    const value = outputs[name];
    const data = value.data;
    fs.writeFileSync(path.join(folder, `${i}.bin`),
                     Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return {name, type: value.type, dims: value.dims};
  });
}

function main() {
  const feeds = readFeeds(inputs);
  const start = now();
  const session = createSession();
  const created = now();
  const names = session.outputMetadata.map((output) => output.name);
  const fresh = Object.fromEntries(names.map((name) => [name, null]));
  const outputs = session.run(feeds, fresh, {});
  const first = now();
  console.log(JSON.stringify({first_result_ms: first - start, create_ms: created - start,
                              library_ms: start - beforeLibrary, node_rss_bytes: nodeRss,
                              peak_rss_bytes: peakRss()}));
  // Outputs into the same tensors at each run, or into new ones: whichever is faster.
  const kept = {};
  for (const name of names) {
    const value = outputs[name];
    kept[name] = value instanceof ort.Tensor ? value : new ort.Tensor(value.type, value.data, value.dims);
  }
  let run = null;
  const choose = () => {
    const ways = [() => session.run(feeds, kept, {}), () => session.run(feeds, fresh, {})];
    const medians = ways.map((way) => quantile(timeRuns(way, 0.05), 0.5));
    run = medians[0] <= medians[1] ? ways[0] : ways[1];
  };
  const answer = (request) => {
    if (request.save) return save(request.save, names, run ? run() : outputs);
    if (!run) choose();
    const times = timeRuns(run, request.measure);
    return {p50_ms: quantile(times, 0.5), p99_ms: quantile(times, 0.99), min_ms: times[0],
            runs: times.length, peak_rss_bytes: peakRss()};
  };
  readline.createInterface({input: process.stdin}).on('line', (line) => {
    let reply;
    try {
      reply = answer(JSON.parse(line));
    } catch (error) {
      reply = {error: String(error.message || error).split('\n')[0]};
    }
    console.log(JSON.stringify(reply));
  });
}

try {
  main();
} catch (error) {
  console.log(JSON.stringify({error: String(error.message || error).split('\n')[0]}));
  process.exit(1);
}
