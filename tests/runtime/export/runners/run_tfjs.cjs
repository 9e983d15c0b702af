// TensorFlow.js in Node.js: node run_tfjs.cjs FOLDER PACKAGE, see common.py.
// Inputs and outputs are JSON here: {name: {shape, dtype, data}}.
const fs = require("fs");
const path = require("path");
const [folder, modules] = process.argv.slice(2);
const tf = require(path.join(modules, "node_modules", "@tensorflow", "tfjs"));

function handler(model) {
  const document = JSON.parse(fs.readFileSync(path.join(model, "model.json")));
  const [group] = document.weightsManifest;
  const bytes = Buffer.concat(group.paths.map((p) => fs.readFileSync(path.join(model, p))));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  const { modelTopology } = document;
  return { load: async () => ({ modelTopology, weightSpecs: group.weights, weightData }) };
}

async function run(here) {
  const model = await tf.loadLayersModel(handler(path.join(here, "model")));
  const inputs = JSON.parse(fs.readFileSync(path.join(here, "inputs.json")));
  const tensors = inputs.map((x) => tf.tensor(x.data, x.shape, x.dtype));
  const found = model.predict(tensors.length > 1 ? tensors : tensors[0]);
  return (Array.isArray(found) ? found : [found]).map((y) => ({
    shape: y.shape,
    data: Array.from(y.dataSync()),
  }));
}

(async () => {
  await tf.setBackend("cpu");
  for (const name of fs.readdirSync(folder).sort()) {
    const here = path.join(folder, name);
    try {
      fs.writeFileSync(path.join(here, "outputs.json"), JSON.stringify(await run(here)));
    } catch (error) {
      fs.writeFileSync(path.join(here, "error.txt"), String(error.stack));
    }
  }
})();
