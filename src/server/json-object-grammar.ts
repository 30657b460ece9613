/** Any JSON object, in GBNF, with little white space so that an answer does not end in it. */
export const jsonObjectGrammar = String.raw`root ::= object
value ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" space (member ("," space member)*)? "}"
member ::= string ":" space value
array ::= "[" space (value ("," space value)*)? "]"
string ::= "\"" character* "\""
character ::= [^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F])
number ::= "-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,3})?
space ::= " "?
`
