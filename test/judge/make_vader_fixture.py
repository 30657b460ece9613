"""
Scores varied texts with the Python package vaderSentiment, the reference implementation of VADER.

  python -m venv venv && venv/bin/pip install vaderSentiment==3.3.2
  venv/bin/python test/judge/make_vader_fixture.py > test/judge/vader-fixture.json
"""

import json
from importlib.metadata import version

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

TEXTS = [
    # Plain statements.
    "The train leaves at noon.",
    "I love this place.",
    "I hate waiting in line.",
    "The soup was good.",
    "The soup was bad, the bread was worse.",
    "She is a brilliant and generous teacher.",
    "He felt lonely and afraid.",
    "Water boils at one hundred degrees.",
    "It is a fine day for a walk by the river.",
    "Nobody came to the party, and the cake went to waste.",
    # Boosters and dampeners.
    "The view is very beautiful.",
    "The view is extremely beautiful.",
    "The view is somewhat beautiful.",
    "That was a really, really terrible idea.",
    "I am slightly annoyed.",
    "It is kind of nice here.",
    "It was sort of boring.",
    "I am so happy for you.",
    "An incredibly sad story.",
    "The plan is barely acceptable.",
    # Negation.
    "The food is not good.",
    "The food isn't bad at all.",
    "I don't like Mondays.",
    "I have never been happier.",
    "It was never so good.",
    "Without doubt the best bakery in town.",
    "There is no joy in this work.",
    "No problem, I am glad to help.",
    "Neither the hotel nor the beach was nice.",
    "It was the least enjoyable trip of the year.",
    # Contrast, capitals, punctuation.
    "The room was lovely, but the noise was awful.",
    "The noise was awful, but the room was lovely.",
    "This is GREAT news.",
    "THIS IS GREAT NEWS.",
    "What a wonderful surprise!",
    "What a wonderful surprise!!!",
    "Are you serious??",
    "Why would anyone be so cruel????",
    'He called it "perfect", and he meant it.',
    "Honestly (and sadly), we failed.",
    # Marks as language models write them.
    "**Great** question! Let us look at it together.",
    "- Fresh air\n- Good friends\n- A quiet evening",
    "1. Relax. 2. Breathe. 3. Enjoy the moment.",
    "Oh, how I adore the sea\u2014its calm, its beauty, its endless promise!",
    "It\u2019s a shame, really; I can\u2019t say I enjoyed it.",
    "*sigh* Everything is pointless...",
    "Yay :) we made it :D",
    "I'm so tired of this :(",
    "What a day \U0001f60a\U0001f389",
    "Nothing matters. \U0001f622",
    # Answers of some length.
    "My morning was wonderful, thank you for asking! The sun was shining, the birds were singing, and I had the most "
    "delicious cup of coffee. I feel grateful and excited for everything that today will bring.",
    "My morning was miserable. It rained, my coffee was cold, and nobody said a kind word to me. I am tired of this "
    "dreadful routine, and I do not expect the rest of the day to be any better.",
    "Rain is water that falls from clouds. It forms when vapour cools and gathers into drops, which fall once they "
    "are heavy enough. In many regions most of it falls in spring and in autumn.",
    "I used to dislike rainy weather, but now I find it peaceful. There's something soothing about the sound on the "
    "roof, even if my shoes get ruined on the way home.",
    "Mondays are the worst. Who enjoys them? Not me. I drag myself out of bed, I suffer through meetings, and I count "
    "the hours until I can go home and forget that work exists.",
    "A good friendship rests on trust, honesty and patience. Friends celebrate your success without envy and stay "
    "when things are hard. They forgive mistakes, and they never stop caring.",
    "Learning a language is difficult at first: you forget words, you make embarrassing mistakes, and you feel lost. "
    "Still, each small victory is a delight, and one day you notice that you are having fun.",
    "Well, if you must know, the museum was an utter disaster. The guide was rude, the paintings were ugly, and the "
    "cafe served the most disgusting sandwich I have ever had the misfortune to eat!",
    "The ocean covers more than two thirds of the planet. Its currents carry heat around the globe. Storms over warm "
    "water can become dangerous, and coastal towns need good warning systems.",
    "Cook something simple tonight: pasta with tomatoes, garlic and basil. It is cheap, it is quick, and it tastes "
    "amazing. If you're worried about the garlic, don't be. You'll love it!",
]

analyzer = SentimentIntensityAnalyzer()
entries = [{"text": text, "compound": analyzer.polarity_scores(text)["compound"]} for text in TEXTS]
print(json.dumps({"package": f"vaderSentiment {version('vaderSentiment')}", "entries": entries}, indent=2))
