/** Runs a small experiment in the workspace it is told, and ends: a process to be killed. */
import { runSmallExperiment } from './small-experiment.case.ts'

await runSmallExperiment(process.argv[2]!)
