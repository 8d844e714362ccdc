import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { crossValidate } from '../../../src/linalg/logistic/crossValidate';
import { createLogisticSolver } from '../../../src/linalg/logistic/fitLogistic';
import { reduceFeatures } from '../../../src/linalg/logistic/reduceFeatures';
import { createRandom } from '../../../src/linalg/random';

/** One problem solved by scikit-learn (`bench/peers/probe_reference.py`). */
interface Case {
  readonly x: readonly (readonly number[])[];
  readonly labels: readonly number[];
  readonly folds: readonly number[];
  readonly penalties: readonly number[];
  readonly expected: {
    readonly chosen: readonly number[];
    readonly probabilities: readonly (readonly number[])[];
    readonly coefficients: readonly (readonly (readonly number[])[])[];
    readonly intercepts: readonly (readonly number[])[];
    readonly accuracy: number;
  };
}

const cases = Object.entries(
  JSON.parse(readFileSync('test/fixtures/probing/logistic.json', 'utf8')) as Record<string, Case>,
);

function given({ x, labels }: Case) {
  const classes = Math.max(...labels) + 1;
  const columns = x[0]!.length;
  return { x: Float32Array.from(x.flat()), rows: x.length, columns, labels: Int32Array.from(labels), classes };
}

describe('cross-validated logistic regression equals scikit-learn', () => {
  for (const [name, one] of cases) {
    const { x, rows, columns, labels, classes } = given(one);
    const folds = Int32Array.from(one.folds);

    it(`chooses the same penalties and predicts the same: ${name}`, () => {
      const [held] = crossValidate(x, rows, columns, [{ labels, classes }], {
        folds,
        penalties: one.penalties,
        scaling: 'columns',
      });
      assert.deepEqual([...held!.penalties], one.expected.chosen);
      let right = 0;
      for (let i = 0; i < rows; i++) {
        const own = [...held!.probabilities.subarray(i * classes, (i + 1) * classes)];
        if (own.indexOf(Math.max(...own)) === labels[i]) right++;
        // scikit-learn stops at gradients of 1e-10, and its figures are kept to seven digits.
        for (const [k, p] of own.entries())
          assert.ok(Math.abs(p - one.expected.probabilities[i]![k]!) < 1e-4, `row ${i}: ${own}`);
      }
      assert.ok(Math.abs(right / rows - one.expected.accuracy) < 1e-9);
    });

    it(`finds the same coefficients: ${name}`, () => {
      const features = reduceFeatures(x, rows, columns, 'columns');
      const solver = createLogisticSolver(features, labels, classes, 1);
      const fold = 0;
      const learned = Uint8Array.from(folds, (of) => (of === fold ? 0 : 1));
      const count = learned.reduce((sum, bit) => sum + bit, 0);
      const fit = { learned, penalty: one.expected.chosen[fold]! * count };
      const { parameters, converged } = solver.fit([fit], undefined, { tolerance: 1e-13, mostSteps: 5000 });
      assert.equal(converged[0], 1);
      const { means, deviations } = columnScales(x, rows, columns);
      const width = features.rank + 1;
      for (let k = 0; k < solver.outputs; k++) {
        const reduced = parameters.subarray(k * width, (k + 1) * width);
        const { coefficients, offset } = features.expand(reduced.slice(0, features.rank));
        // scikit-learn's are on standardised columns.
        const expected = one.expected.coefficients[fold]![k]!;
        const largest = Math.max(...expected.map(Math.abs));
        for (let j = 0; j < columns; j++)
          assert.ok(Math.abs(coefficients[j]! * deviations[j]! - expected[j]!) < 1e-3 * largest);
        const atMean = coefficients.reduce((sum, w, j) => sum + w * means[j]!, reduced[features.rank]! + offset);
        assert.ok(Math.abs(atMean - one.expected.intercepts[fold]![k]!) < 1e-3);
      }
    });
  }
});

function columnScales(x: Float32Array, rows: number, columns: number) {
  const means = new Float64Array(columns);
  const deviations = new Float64Array(columns);
  for (let i = 0; i < x.length; i++) means[i % columns]! += x[i]! / rows;
  for (let i = 0; i < x.length; i++) deviations[i % columns]! += (x[i]! - means[i % columns]!) ** 2 / rows;
  return { means, deviations: deviations.map(Math.sqrt) };
}

describe('logistic regression', () => {
  const random = createRandom(3, 'test');
  const [rows, columns] = [40, 5];
  const x = Float32Array.from({ length: rows * columns }, () => random.normal());
  const features = reduceFeatures(x, rows, columns, 'columns');

  for (const classes of [2, 3]) {
    const labels = Int32Array.from({ length: rows }, () => random.integer(classes));
    const solver = createLogisticSolver(features, labels, classes, 2);
    const learned = Uint8Array.from({ length: rows }, (_, i) => (i % 5 === 0 ? 0 : 1));
    const penalty = 0.7;
    const objective = (parameters: Float64Array): number => {
      const probabilities = solver.predict([{ learned, penalty }], parameters);
      let sum = 0;
      for (let i = 0; i < rows; i++) if (learned[i] === 1) sum -= Math.log(probabilities[i * classes + labels[i]!]!);
      const width = features.rank + 1;
      for (let p = 0; p < parameters.length; p++)
        if (p % width !== features.rank) sum += (penalty / 2) * parameters[p]! ** 2;
      return sum;
    };

    it(`ends where no coordinate can gain: ${classes} classes`, () => {
      const settings = { tolerance: 1e-14, mostSteps: 5000 };
      const { parameters } = solver.fit([{ learned, penalty }], undefined, settings);
      const least = objective(parameters);
      for (let p = 0; p < parameters.length; p++) {
        const moved = (step: number): number => {
          const other = Float64Array.from(parameters);
          other[p]! += step;
          return objective(other);
        };
        // Central differences of a minimum: the slope vanishes, the curvature does not.
        assert.ok(Math.abs(moved(1e-4) - moved(-1e-4)) / 2e-4 < 1e-4, `slope at ${p}`);
        assert.ok(moved(1e-2) > least && moved(-1e-2) > least);
      }
    });

    it(`gives each fit what it gives alone: ${classes} classes`, () => {
      const other = { learned: learned.map((bit) => 1 - bit), penalty: 3 };
      const settings = { tolerance: 1e-12, mostSteps: 5000 };
      const both = solver.fit([{ learned, penalty }, other], undefined, settings).parameters;
      const alone = solver.fit([other], undefined, settings).parameters;
      const own = both.subarray(alone.length);
      for (let p = 0; p < alone.length; p++) assert.ok(Math.abs(own[p]! - alone[p]!) < 1e-5);
    });
  }

  it('predicts only classes that a fit has seen', () => {
    const labels = Int32Array.from({ length: rows }, (_, i) => (i < 10 ? 2 : i % 2));
    const learned = Uint8Array.from(labels, (label) => (label === 2 ? 0 : 1));
    const solver = createLogisticSolver(features, labels, 3, 1);
    const { parameters } = solver.fit([{ learned, penalty: 1 }], undefined, { tolerance: 1e-8, mostSteps: 1000 });
    const probabilities = solver.predict([{ learned, penalty: 1 }], parameters);
    for (let i = 0; i < rows; i++) {
      assert.equal(probabilities[i * 3 + 2], 0);
      assert.ok(Math.abs(probabilities[i * 3]! + probabilities[i * 3 + 1]! - 1) < 1e-12);
    }
  });

  it('has nothing to read in constant columns, and says the classes are as frequent as they were', () => {
    const labels = Int32Array.from({ length: rows }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const [held] = crossValidate(new Float32Array(rows * columns).fill(7), rows, columns, [{ labels, classes: 2 }], {
      folds: Int32Array.from({ length: rows }, (_, i) => Math.floor(i / 4) % 5),
      penalties: [0.1, 1],
      scaling: 'columns',
    });
    for (let i = 0; i < rows; i++) assert.ok(Math.abs(held!.probabilities[2 * i + 1]! - 0.25) < 1e-6);
  });
});
