using System.Globalization;
using System.Text;

namespace Caisson.Installing;

/// <summary>A plan in sfdisk's words.</summary>
public static class PartitionScript
{
    /// <summary>What its standard input is given: a whole new table, or lines that are added to the one there is.</summary>
    public static string Of(InstallPlan plan)
    {
        var script = new StringBuilder();
        if (plan.Mode is InstallMode.Erase)
        {
            script.Append(CultureInfo.InvariantCulture, $"label: gpt\nlabel-id: {plan.DiskId:D}\n");
        }

        foreach (var p in plan.Partitions)
        {
            script.Append(CultureInfo.InvariantCulture, $"start={Mebibytes(p.Extent.Start)}MiB, size={Mebibytes(p.Extent.Bytes)}MiB, type={p.TypeId:D}, uuid={p.Id:D}, name={p.Name}{(p.Attributes is [] ? "" : $", attrs=\"{p.Attributes}\"")}\n");
        }

        return script.ToString();
    }

    private static long Mebibytes(long bytes) => bytes / Extent.Mebibyte;
}
