package spec

// Response is what we answer, in our words.
type Response struct {
	Reason   Reason
	Approval ApprovalCode // DE38; none is written as 000000 where the message must carry one
	Amount   Money        // the approved part, with ApprovedPartly
	Balance  *Balance     // DE54, when the balance was asked for
	Silent   bool         // nothing is sent: the network decides for us and tells us later
	Repeat   bool         // answered from the record
}

// Balance is what a balance inquiry is answered with.
type Balance struct {
	Available Money // amount type 02
	Ledger    Money // amount type 01: what is allocated to the card
	Currency  Currency
	Account   [2]byte // account type as asked for (DE3 digits 3 and 4)
}
