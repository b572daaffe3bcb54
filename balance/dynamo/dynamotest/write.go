package dynamotest

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

type putItemInput struct {
	TableName                           string
	Item                                item
	ConditionExpression                 string
	ReturnConsumedCapacity              string
	ReturnValuesOnConditionCheckFailure string
}

type putItemOutput struct {
	ConsumedCapacity *capacity `json:",omitempty"`
}

// The one condition that is known.
const notThere = "attribute_not_exists(pk)"

// admit checks a put and gives the reason why it cannot be done, if there is one.
func (p *putItemInput) admit(t *table) (pk string, sk uint64, why *reason, refusal *failure) {
	if pk, sk, refusal = p.Item.place(); refusal != nil {
		return pk, sk, nil, refusal
	}
	if p.Item.size() > itemMax {
		return pk, sk, nil, invalid("Item size has exceeded the maximum allowed size")
	}
	switch p.ConditionExpression {
	case "":
	case notThere:
		if old := t.find(pk, sk); old != nil {
			why = &reason{Code: "ConditionalCheckFailed", Message: "The conditional request failed"}
			if p.ReturnValuesOnConditionCheckFailure == "ALL_OLD" {
				why.Item = old
			}
		}
	default:
		return pk, sk, nil, invalid("condition %q is not known here", p.ConditionExpression)
	}
	return pk, sk, why, nil
}

func (s *Server) putItem(in *putItemInput) (*putItemOutput, *failure) {
	t, refusal := s.table(in.TableName)
	if refusal != nil {
		return nil, refusal
	}
	pk, sk, why, refusal := in.admit(t)
	if refusal != nil {
		return nil, refusal
	}
	units := writeUnits(max(in.Item.size(), t.find(pk, sk).size()))
	s.written += units
	if why != nil {
		return nil, &failure{code: "ConditionalCheckFailedException", Message: why.Message, Item: why.Item}
	}
	t.put(pk, sk, in.Item)
	return &putItemOutput{s.reported(in.ReturnConsumedCapacity, in.TableName, units)}, nil
}

func (s *Server) reported(wanted, table string, units float64) *capacity {
	if wanted != "TOTAL" {
		return nil
	}
	return &capacity{table, units}
}

type transactWriteItemsInput struct {
	TransactItems          []struct{ Put *putItemInput }
	ClientRequestToken     string
	ReturnConsumedCapacity string
}

type transactWriteItemsOutput struct {
	ConsumedCapacity []*capacity `json:",omitempty"`
}

// doneToken is a transaction that was done, for as long as its token is remembered.
type doneToken struct {
	request [sha256.Size]byte
	answer  *transactWriteItemsOutput
}

// ForgetTokens does what ten minutes do: a transaction with an old token is a new one.
func (s *Server) ForgetTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

func (s *Server) transactWriteItems(in *transactWriteItemsInput) (*transactWriteItemsOutput, *failure) {
	if n := len(in.TransactItems); n < 1 || n > 100 {
		return nil, invalid("a transaction has 1 to 100 items, this one %d", n)
	}
	if n := len(in.ClientRequestToken); n > 36 {
		return nil, invalid("a token has 1 to 36 characters, this one %d", n)
	}
	request := sha256.Sum256(encode(in.TransactItems))
	if known, done := s.tokens[in.ClientRequestToken]; done && in.ClientRequestToken != "" {
		if known.request != request {
			return nil, &failure{code: "IdempotentParameterMismatchException", Message: "the token was used for another transaction"}
		}
		return known.answer, nil
	}
	answer, refusal := s.transact(in)
	if refusal == nil && in.ClientRequestToken != "" {
		s.tokens[in.ClientRequestToken] = doneToken{request, answer}
	}
	return answer, refusal
}

func (s *Server) transact(in *transactWriteItemsInput) (*transactWriteItemsOutput, *failure) {
	var codes []string
	reasons := make([]reason, len(in.TransactItems))
	failed, size, units := false, 0, 0.0
	seen := map[string]bool{}
	for i, w := range in.TransactItems {
		if w.Put == nil {
			return nil, invalid("only Put is known here")
		}
		t, refusal := s.table(w.Put.TableName)
		if refusal != nil {
			return nil, refusal
		}
		pk, sk, why, refusal := w.Put.admit(t)
		if refusal != nil {
			return nil, refusal
		}
		place := fmt.Sprintf("%s/%s/%d", t.name, pk, sk)
		if seen[place] {
			return nil, invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[place] = true
		reasons[i] = reason{Code: "None"}
		if why != nil {
			reasons[i], failed = *why, true
		}
		codes = append(codes, reasons[i].Code)
		size += w.Put.Item.size()
		units += 2 * writeUnits(w.Put.Item.size())
	}
	if size > transactionMax {
		return nil, invalid("the items of a transaction have %d bytes, at most %d", size, transactionMax)
	}
	s.written += units
	if failed {
		return nil, &failure{
			code:    "TransactionCanceledException",
			Message: "Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]",
			Reasons: reasons,
		}
	}
	answer := &transactWriteItemsOutput{}
	for _, w := range in.TransactItems {
		pk, sk, _ := w.Put.Item.place()
		s.tables[w.Put.TableName].put(pk, sk, w.Put.Item)
	}
	if c := s.reported(in.ReturnConsumedCapacity, in.TransactItems[0].Put.TableName, units); c != nil {
		answer.ConsumedCapacity = []*capacity{c}
	}
	return answer, nil
}
