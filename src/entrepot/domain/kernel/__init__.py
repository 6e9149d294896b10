"""What every rule uses: records, commands, ids, money, quantities, regions and text."""
