using System.Globalization;
using Caisson.Images;

namespace Caisson.Cli.Store;

/// <summary>Reads <c>NAME@GEN</c> and finds it in a store.</summary>
internal static class StoredReference
{
    /// <summary>Opens a store that must be there: a read command makes none.</summary>
    public static ImageStore OpenExisting(string directory)
    {
        if (!File.Exists(Path.Combine(directory, "oci-layout")))
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"There is no store in {directory}. 'caisson store import' makes one.");
        }

        var store = ImageStore.Open(directory);
        store.Warned = Console.Error.WriteLine;
        return store;
    }

    /// <exception cref="ImageStoreException">Bad input: not of that form, or not in the store.</exception>
    public static StoredGeneration Find(ImageStore store, string reference)
    {
        var at = reference.LastIndexOf('@');
        if (at < 1 || !int.TryParse(reference.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"'{reference}' does not name a generation. Write NAME@NUMBER, for example work@3.");
        }

        return store.Find(reference[..at], number)
            ?? throw new ImageStoreException(ImageStoreError.BadInput, $"The store has no {reference}. 'caisson store list' shows what it has.");
    }
}
