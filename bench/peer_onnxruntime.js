// Times a model in ONNX Runtime's Node binding: one line of JSON on request, so that a caller can take
// turns with it. usage: node peer_onnxruntime.js MODEL THREADS; then each line read from standard
// input (a number of seconds) is answered with {"p50_ms": ..., "min_ms": ..., "runs": ...}.
const ort = require('onnxruntime-node');
const readline = require('readline');

// f32 inputs of the model's shapes, 1 for open dimensions: normal values by Box-Muller. Integers 0.
function feeds(session) {
  const result = {};
  session.inputMetadata.forEach((input) => {
    const dims = input.shape.map((d) => (typeof d === 'number' && d > 0 ? d : 1));
    const size = dims.reduce((a, b) => a * b, 1);
    if (input.type === 'float32') {
      const data = Float32Array.from({length: size}, () =>
        Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()));
      result[input.name] = new ort.Tensor('float32', data, dims);
    } else {
      result[input.name] = new ort.Tensor('int64', new BigInt64Array(size), dims);
    }
  });
  return result;
}

async function measure(session, inputs, seconds) {
  const times = [];
  const warm = process.hrtime.bigint();
  while (Number(process.hrtime.bigint() - warm) < seconds * 1e8) await session.run(inputs);
  const start = process.hrtime.bigint();
  while (times.length < 5 || Number(process.hrtime.bigint() - start) < seconds * 1e9) {
    const run = process.hrtime.bigint();
    await session.run(inputs);
    times.push(Number(process.hrtime.bigint() - run) / 1e6);
  }
  times.sort((a, b) => a - b);
  return {p50_ms: times[times.length >> 1], min_ms: times[0], runs: times.length};
}

async function main() {
  const [model, threads] = process.argv.slice(2);
  const start = process.hrtime.bigint();
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: Number(threads), interOpNumThreads: 1, graphOptimizationLevel: 'all',
    executionMode: 'sequential'});
  const inputs = feeds(session);
  await session.run(inputs);
  const first = Number(process.hrtime.bigint() - start) / 1e6;
  console.log(JSON.stringify({first_result_ms: first}));
  for await (const line of readline.createInterface({input: process.stdin})) {
    console.log(JSON.stringify(await measure(session, inputs, Number(line))));
  }
}

main();
