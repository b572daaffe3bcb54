package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"sekisho/spec"
)

// numberOf is the card's number: by the wallet API where that is configured, so that the showing is on
// record, else from the store, for whoever has the number key.
func (b *buyer) numberOf(ctx context.Context, o *payOptions) (spec.PAN, error) {
	configured := walletAccessOf(b.settings)
	api := cmp.Or(o.api, configured.api, os.Getenv(walletAPIVariable))
	token := cmp.Or(o.token, configured.token, os.Getenv(walletTokenVariable))
	if api != "" && token != "" {
		return b.revealed(ctx, api, token)
	}
	if o.api != "" {
		return spec.PAN{}, errors.New("--api without a token: expected SEKISHO_TOKEN, or --token")
	}
	return b.unsealed()
}

func (b *buyer) revealed(ctx context.Context, api, token string) (number spec.PAN, err error) {
	client, err := newWalletClient(api, token)
	if err != nil {
		return number, err
	}
	answer, err := client.post(ctx, "/v1/cards/"+b.before.id().String()+"/reveal", newKey(), map[string]string{"reason": "pay"})
	if err != nil {
		return number, fmt.Errorf("the card's number: %w", err)
	}
	var shown struct {
		PAN string `json:"pan"`
	}
	if err := answer.read(&shown); err != nil {
		return number, err
	}
	return spec.ParsePAN(shown.PAN)
}

func (b *buyer) unsealed() (number spec.PAN, err error) {
	if len(b.before.Sealed) == 0 {
		return number, errors.New("the card's number is not kept: cards that are seeded or issued where there is a number key have one")
	}
	v, err := openVault(b.settings, false)
	switch {
	case err != nil:
		return number, err
	case v == nil:
		return number, errors.New("there is no number key, so that the card's number cannot be read: set number_key.file or SEKISHO_NUMBER_KEY, or configure wallet_api")
	}
	return v.Open(b.before.id(), b.before.Sealed)
}
