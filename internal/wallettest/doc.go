// Package wallettest has the proofs of the wallet API that cut across rooms: app servers over HTTP and a card
// network at the same wallets at once, clients made from the API's documents, and its page in a browser.
package wallettest
