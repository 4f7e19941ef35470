return await Caisson.Cli.CaissonCommand.RunAsync(args);
