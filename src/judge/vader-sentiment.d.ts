/** What is used of the library `vader-sentiment`, which comes without types. */
declare module 'vader-sentiment' {
  export const SentimentIntensityAnalyzer: {
    /** `compound` is -1..1. */
    polarity_scores(text: string): { readonly compound: number }
  }
}
