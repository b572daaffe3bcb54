// Package dynamodb holds the CloudFormation template of the ledger's table.
package dynamodb

import _ "embed"

//go:embed table.yaml
var table string

// Template is the CloudFormation template, YAML.
func Template() string { return table }
