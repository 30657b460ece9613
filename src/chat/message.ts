/** One turn of a conversation, in the words of the OpenAI API. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}
