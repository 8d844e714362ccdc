import { resolveModel } from '../../jobs/resolveSources';
import type { AnswerDelta } from '../../protocol/requests';
import type { EditorJobRule } from './editorJob';
import { shortText } from './shortText';

/** Models answer prompts, streamed. */
export const askJob: EditorJobRule<'ask'> = {
  title: ({ prompts, models }, say) =>
    say('job.ask', {
      models: models.length === 0 ? say('job.theModel') : models.join(say('job.and')),
      prompt: shortText(promptText(prompts[0])),
    }),
  run: async ({ models, prompts, template, sampling, maxTokens }, tools) => {
    const context = tools.workspace.names(tools.settings);
    const names = models.length === 0 ? [undefined] : models;
    const { result } = await tools.run(
      {
        kind: 'ask',
        compute: context.compute,
        models: names.map((name) => resolveModel(name, undefined, context)),
        prompts,
        template,
        sampling,
        maxTokens,
      },
      (event) => {
        const delta = event as AnswerDelta;
        if (delta.kind === 'answerDelta') tools.stream({ model: delta.model, prompt: delta.prompt, text: delta.text });
      },
    );
    return {
      result: { kind: 'ask', result },
      outcome: tools.say('done.answers', { count: result.answers.length, speed: result.tokensPerSecond.toFixed(0) }),
    };
  },
};

function promptText(prompt: Parameters<typeof askJob.title>[0]['prompts'][number] | undefined): string {
  if (prompt === undefined) return '';
  if (prompt.kind === 'text') return prompt.text;
  const content = prompt.messages.at(-1)?.content;
  return typeof content === 'string' ? content : '';
}
