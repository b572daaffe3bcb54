// Command smoke works with a wallet through the client that oapi-codegen made in package api from the document
// in OpenAPI 3.0.3: smoke URL TOKEN.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"smoke/api"
)

func main() {
	if err := smoke(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(1)
	}
}

func smoke(ctx context.Context, url, token string) error {
	client, err := api.NewClientWithResponses(url, api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}))
	if err != nil {
		return err
	}
	name := "Hana"
	created, err := client.CreateWalletWithResponse(ctx, &api.CreateWalletParams{IdempotencyKey: "go-1"}, api.WalletCreate{
		Kind: api.WalletCreateKindPersonal, Program: "prepaid", Name: &name,
	})
	if err != nil || created.JSON201 == nil {
		return failed("create", err, created)
	}
	id := created.JSON201.Id
	topUp, err := client.CreateTopUpWithResponse(ctx, id, &api.CreateTopUpParams{IdempotencyKey: "go-2"}, api.TopUpCreate{
		Amount: api.Amount{Amount: 5000, Currency: "JPY"}, Reference: "r-1",
	})
	if err != nil || topUp.JSON201 == nil {
		return failed("top-up", err, topUp)
	}
	card, err := client.IssueCardWithResponse(ctx, id, &api.IssueCardParams{IdempotencyKey: "go-3"}, api.CardIssue{})
	if err != nil || card.JSON201 == nil {
		return failed("issue", err, card)
	}
	if card.JSON201.Status != api.Active {
		return fmt.Errorf("the card is %s", card.JSON201.Status)
	}
	return allocate(ctx, client, id, card.JSON201.Id)
}

func allocate(ctx context.Context, client *api.ClientWithResponses, id, card string) error {
	var replayed string
	for _, c := range []struct {
		key    string
		amount int64
		code   string
	}{{"go-4", 2000, ""}, {"go-4", 2000, ""}, {"go-5", 3001, "insufficient_funds"}} {
		a, err := client.CreateAllocationWithResponse(ctx, id, &api.CreateAllocationParams{IdempotencyKey: c.key}, api.AllocationCreate{
			Card: card, Amount: &api.Amount{Amount: c.amount, Currency: "JPY"},
		})
		switch {
		case err != nil:
			return err
		case c.code == "" && a.JSON201 == nil, c.code != "" && a.ApplicationproblemJSON409 == nil:
			return failed("allocate", nil, a)
		case c.code != "" && string(a.ApplicationproblemJSON409.Code) != c.code:
			return fmt.Errorf("the code is %s, want %s", a.ApplicationproblemJSON409.Code, c.code)
		}
		replayed = replayed + a.HTTPResponse.Header.Get("Idempotency-Replayed")
	}
	b, err := client.GetBalanceWithResponse(ctx, id, &api.GetBalanceParams{})
	if err != nil || b.JSON200 == nil {
		return failed("balance", err, b)
	}
	list, err := client.ListActivityWithResponse(ctx, id, &api.ListActivityParams{})
	if err != nil || list.JSON200 == nil {
		return failed("activity", err, list)
	}
	fmt.Printf("posted %d unallocated %d card %d replayed %s activity %d\n", b.JSON200.Posted.Amount, b.JSON200.Unallocated.Amount,
		b.JSON200.Cards[0].Available.Amount, replayed, len(list.JSON200.Data))
	return nil
}

// failed says what was answered instead.
func failed(what string, err error, answer interface {
	Status() string
	GetBody() []byte
},
) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %s %s", what, answer.Status(), answer.GetBody())
}
